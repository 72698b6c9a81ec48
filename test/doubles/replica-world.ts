/** Replicas over in-memory stores under one virtual clock, and the means to hand them anything a peer could send. */
import { verify } from '../../crdt/crypto/sign.ts'
import { encodeBody, kinds, setPayload, type Change } from '../../crdt/docs/change.ts'
import { readRegister } from '../../crdt/docs/registers.ts'
import { boundRandomBytes } from '../../crdt/crypto/bound-id.ts'
import { buildEntry, logIds, type Entry, type EntryParts } from '../../crdt/log/entry.ts'
import { introduce, proveRoot } from '../../crdt/members/proofs.ts'
import type { HistoryPolicy } from '../../crdt/members/history-policy.ts'
import type { Role } from '../../crdt/members/roles.ts'
import { signingPair, type SigningPair } from '../../crdt/crypto/sign.ts'
import { encode } from '../../crdt/wire/codec.ts'
import { toHex, type EntryId, type LogId, type MemberId, type MeshId } from '../../crdt/wire/ids.ts'
import { silentLog } from '../../node/ports/log.ts'
import type { Runtime } from '../../node/ports/runtime.ts'
import { noWitness, type Witness } from '../../node/ports/witness.ts'
import { shareEpochs } from '../../node/peer/join/share-epochs.ts'
import { createMemoryStore, type MemoryStore } from '../../node/peer/memory-store.ts'
import { foundMesh } from '../../node/peer/mesh/found-mesh.ts'
import { makeIdentity } from '../../node/peer/mesh/make-identity.ts'
import type { Identity } from '../../node/peer/replica/identity.ts'
import { Replica } from '../../node/peer/replica/replica.ts'
import { VirtualRuntime, type VirtualPeer } from '../../node/peer/virtual-runtime.ts'

/** A device with its keys and, once it is in a mesh, its replica. */
export interface Actor {
  readonly name: string
  readonly identity: Identity
  readonly root: SigningPair
  readonly member: MemberId
  readonly runtime: VirtualPeer
  readonly store: MemoryStore
  replica: Replica
}

/** Whoever makes entries of their own, by whatever clock. */
export type Forger = Pick<Actor, 'identity' | 'replica'> & { readonly runtime: Pick<Runtime, 'clock' | 'random'> }

export class ReplicaWorld {
  readonly runtime: VirtualRuntime
  mesh = '' as MeshId

  constructor(seed: number | string = 1) {
    this.runtime = new VirtualRuntime({ seed, turn: () => new Promise((done) => setImmediate(done)) })
  }

  /** A device of its own member, with an empty replica of the mesh. */
  actor(name: string, options: { readonly skewMs?: number; readonly witness?: Witness; readonly store?: MemoryStore } = {}): Actor {
    const runtime = this.runtime.forPeer({ name, skewMs: options.skewMs ?? 0 })
    const identity = makeIdentity(runtime.random.bytes(32), runtime.random.bytes(32))
    const root = signingPair(runtime.random.bytes(32))
    const store = options.store ?? createMemoryStore()
    const actor = { name, identity, root, member: root.publicKey as MemberId, runtime, store }
    return { ...actor, replica: this.open(actor, options.witness) }
  }

  /** Opens a replica on an actor's store: a start, or a restart. */
  open({ identity, store, runtime }: Omit<Actor, 'replica'>, witness: Witness = noWitness): Replica {
    return new Replica({ mesh: this.mesh, identity, store, runtime, verify, witness, log: silentLog })
  }

  /** Founds the mesh by a first owner, with an epoch to write under. */
  async found(name = 'alice', options: { readonly witness?: Witness; readonly history?: HistoryPolicy } = {}): Promise<Actor> {
    const bare = this.actor(name)
    const { mesh, founding } = foundMesh(bare.identity, bare.root, bare.runtime, options.history)
    this.mesh = mesh
    const founder = { ...bare, replica: this.open(bare, options.witness) }
    await this.done(founder.replica.receive([founding]))
    await this.done(founder.replica.operate(() => [], { rotate: true }))
    return founder
  }

  /** Lets an actor in and hands it the keys; it learns so with the next `deliver`. */
  async admit(by: Actor, who: Actor, role: Role = 'member'): Promise<EntryId> {
    const [admitted] = await this.done(by.replica.operate(() => [{
      type: 'admit', grant: by.replica.grant(), member: who.member, role,
      rootProof: proveRoot(this.mesh, who.identity.device, who.root),
      introduction: introduce(who.identity.signing, who.identity.sealing, who.member),
      invite: undefined,
    }]))
    await this.done(shareEpochs(by.replica, who.identity.device, who.identity.sealing.publicKey, by.runtime))
    return admitted as EntryId
  }

  /** A new actor that is admitted and holds what its admitter holds. */
  async join(by: Actor, name: string, role: Role = 'member', options: { readonly skewMs?: number; readonly witness?: Witness } = {}): Promise<Actor> {
    const who = this.actor(name, options)
    await this.admit(by, who, role)
    await this.deliver(by, who)
    return who
  }

  /** Gives one replica everything that another can hand on, as sync would. */
  async deliver(from: Actor, to: Actor): Promise<void> {
    for (let placed = -1; placed !== 0; ) {
      placed = 0
      for (const { log } of [...from.replica.logs()].sort((a, b) => (a.type === b.type ? 0 : a.type === 'membership' ? -1 : 1))) {
        for (let after = to.replica.log(log)?.seq ?? 0; ; ) {
          const run = from.replica.readRun(log, after, 96 * 1024)
          if (run.length === 0) break
          const intake = await this.done(to.replica.receive(run))
          placed += intake.placed
          if (intake.placed === 0) break
          after += run.length
        }
      }
    }
  }

  /** Both ways, until neither has news for the other. */
  async exchange(...actors: readonly Actor[]): Promise<void> {
    for (let round = 0; round < 2; round++) for (const from of actors) for (const to of actors) if (from !== to) await this.deliver(from, to)
  }

  /** Awaits something while the virtual clock runs. */
  done<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
    return this.runtime.resolve(promise, limitMs)
  }

  set(who: Actor, key: string, value: unknown, doc = 'state'): ReturnType<Replica['write']> {
    return this.done(who.replica.write([{ type: 'set', doc, key, value: JSON.stringify(value) }]))
  }

  /** The values under a key, the one shown first. */
  get(who: Actor, key: string, doc = 'state'): readonly unknown[] {
    return readRegister(who.store, doc, key).map(({ deleted, value }) => (deleted ? undefined : (JSON.parse(value) as unknown)))
  }

  /** An entry of this actor's making, whatever its replica thinks of it; what is left out is as an honest author has it. */
  forge(by: Forger, parts: Partial<Omit<EntryParts, 'sealed'>> & { readonly sealed?: EntryParts['sealed'] | undefined } & { readonly changes?: readonly Change[]; readonly epoch?: EntryId; readonly key?: Uint8Array } = {}, mesh: MeshId = this.mesh): Entry {
    const { changes = [setChange('forged', 1)], epoch: wanted, key: given, ...rest } = parts
    const epoch = wanted ?? (by.replica.membership.now().epochs()[0] as EntryId)
    const key = given ?? by.replica.ledger.keyring.bodyKey(epoch) ?? new Uint8Array(32)
    return buildEntry(mesh, {
      type: 'content',
      log: this.newLog(by),
      seq: 1,
      previous: undefined,
      device: by.identity.device,
      clock: { ms: by.runtime.clock.now(), counter: 0 },
      frontier: by.replica.membership.frontier(),
      op: undefined,
      sealed: { epoch, nonce: by.runtime.random.bytes(24), key, plain: encodeBody(changes) },
      ...rest,
    } as EntryParts, by.identity.signing)
  }

  /** A log id that only this actor's device may start. */
  newLog(by: Pick<Forger, 'identity' | 'runtime'>): LogId {
    return logIds.make(by.identity.device, by.runtime.random.bytes(boundRandomBytes))
  }

  /** `count` entries of one log, each on the one before. */
  chain(by: Forger, count: number, start: Partial<EntryParts> = {}): readonly Entry[] {
    const log = start.log ?? this.newLog(by)
    const entries: Entry[] = []
    for (let seq = 1; seq <= count; seq++) {
      const before = entries.at(-1)
      entries.push(this.forge(by, { ...start, log, seq, previous: before?.id, frontier: seq === 1 ? by.replica.membership.frontier() : undefined, changes: [setChange(`key ${seq}`, seq)] }))
    }
    return entries
  }
}

/** A change that sets a key of a register document. */
export function setChange(key: string, value: unknown, deps: readonly EntryId[] = [], doc = 'state'): Change {
  return { kind: kinds.set, doc, deps, payload: encode(setPayload, { key, value: JSON.stringify(value) }) }
}

/** Entries as a run on the wire. */
export const bytesOf = (entries: readonly Entry[]): readonly Uint8Array[] => entries.map(({ bytes }) => bytes)

/** Everything that queries are answered from, to compare replicas by (rule C1). */
export function shown(who: Actor): unknown {
  const tables = who.store.snapshot().tables
  return Object.fromEntries((['register', 'message', 'receipt'] as const).map((table) => [table, [...(tables.get(table) ?? [])].map(([key, value]) => `${key} ${toHex(value)}`).sort()]))
}

