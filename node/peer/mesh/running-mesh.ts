/** One mesh while the node runs: its replica, names, presence, mail, and the chores that nobody asks for. */
import { derive, sameBytes } from '../../../crdt/crypto/hash.ts'
import { readers, writers } from '../../../crdt/members/roles.ts'
import { fromHex, toHex, type DeviceId, type MemberId, type MeshId } from '../../../crdt/wire/ids.ts'
import { domains } from '../../../crdt/wire/protocols.ts'
import type { Verify } from '../../../crdt/crypto/sign.ts'
import * as z from 'zod'
import type { Log } from '../../ports/log.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { NatKind, SessionInfo } from '../../ports/services.ts'
import { InviteExpiry } from '../join/invite-expiry.ts'
import { inviteCodes } from '../join/invites.ts'
import { JoinRequests } from '../join/requests.ts'
import type { LogState } from '../replica/logs.ts'
import type { Replica } from '../replica/replica.ts'
import type { SyncEngine } from '../sync-engine.ts'
import { awarenessWhisper, LiveDocuments } from '../documents/live-documents.ts'
import type { BlobExchange } from '../blobs/blob-exchange.ts'
import { MeshFiles } from '../blobs/mesh-files.ts'
import { LogTimes } from '../audit/log-times.ts'
import { Announcements } from './announcements.ts'
import { CheckpointWriter } from './checkpoint-writer.ts'
import { Confirmations } from './confirmations.ts'
import { Grants } from './grants.ts'
import { KeyRotation } from './key-rotation.ts'
import { Mail } from './mail.ts'
import { Names } from './names.ts'
import { TokenExpiry } from './token-expiry.ts'
import { Presence } from './presence.ts'
import { relaysOf } from './relays-of.ts'
import { SessionDefaults } from './session-defaults.ts'
import { blockedDevices, hearers, presenceAudiences, type Shows } from './presence-audiences.ts'
import { shareMissingKeys } from './share-missing-keys.ts'
import { VerifiedMembers } from './verified-members.ts'
import { Whispers } from './whispers.ts'
import { reportWrongKeys } from './wrong-keys.ts'

const addressList = z.array(z.string()).max(16)
const heldEveryMs = 1_000
const chorePauseMs = 1_500

export interface RunningMeshNeeds {
  readonly replica: Replica
  readonly engine: SyncEngine
  readonly blobs: BlobExchange
  readonly runtime: Runtime
  readonly verify: Verify
  readonly log: Log
  readonly boot: Uint8Array
  readonly sessions: (shows: Shows) => readonly SessionInfo[]
  readonly addresses: () => readonly string[]
  /** What stands between this machine and the world. */
  readonly nat: () => NatKind
  readonly isBanned: (device: DeviceId) => boolean
  readonly onAddresses: (device: DeviceId, addresses: readonly string[]) => void
  /** Relays or rendezvous codes may have changed. */
  readonly onRendezvous: () => void
}

export class RunningMesh {
  readonly id: MeshId
  readonly replica: Replica
  readonly names: Names
  readonly grants: Grants
  readonly presence: Presence
  readonly mail: Mail
  readonly documents: LiveDocuments
  readonly files: MeshFiles
  readonly times: LogTimes
  readonly announcements: Announcements
  readonly verified: VerifiedMembers
  readonly confirmations: Confirmations
  readonly defaults: SessionDefaults
  readonly requests: JoinRequests
  readonly rotation: KeyRotation
  readonly checkpoints: CheckpointWriter
  readonly #tokens: TokenExpiry
  readonly #invites: InviteExpiry
  readonly #whispers: Whispers
  readonly #needs: RunningMeshNeeds
  readonly #listening: Disposable
  /** How much of our own logs each device is known to hold durably (rule C4: only what it announced). */
  readonly #held = new Map<string, number>()
  /** Looked through with every frame that moves a session, so kept until the next entry of ours. */
  #ownLogs: readonly LogState[] | undefined
  readonly #heldDirty = new Set<string>()
  #heldTimer: Disposable | undefined
  #chores: Disposable | undefined
  #stopped = false

  constructor(needs: RunningMeshNeeds) {
    this.#needs = needs
    this.replica = needs.replica
    this.id = needs.replica.mesh
    this.names = new Names(needs.replica)
    this.grants = new Grants(needs.replica)
    this.times = new LogTimes(needs.replica)
    this.requests = new JoinRequests(needs)
    this.confirmations = new Confirmations(needs.replica)
    this.announcements = new Announcements({ replica: needs.replica, names: this.names, requests: this.requests, confirmations: this.confirmations, timers: needs.runtime.timers, log: needs.log })
    this.verified = new VerifiedMembers({ replica: needs.replica, names: this.names, log: needs.log })
    this.rotation = new KeyRotation(needs)
    this.defaults = new SessionDefaults(needs.replica, needs.log)
    this.#invites = new InviteExpiry(needs.replica, needs.runtime, () => this.#choresSoon())
    this.#tokens = new TokenExpiry(needs.replica, needs.runtime, () => this.#choresSoon())
    this.mail = new Mail(needs.replica, this.names, this.grants, needs.runtime, { isConfirmed: (member) => this.isConfirmed(member), mode: () => this.defaults.current().messages })
    this.#whispers = new Whispers({ ...needs, send: (bytes, skip) => needs.engine.whisper(this.id, bytes, skip) })
    this.documents = new LiveDocuments({ replica: needs.replica, random: needs.runtime.random, log: needs.log, whisper: (plain) => this.#whisper(plain) })
    this.checkpoints = new CheckpointWriter({ ...needs, documents: this.documents })
    this.files = new MeshFiles({ ...needs, exchange: needs.blobs, peers: () => [...(needs.engine.mesh(this.id)?.sessions.keys() ?? [])], nameOf: (device) => this.names.device(device) })
    this.presence = new Presence({
      runtime: needs.runtime,
      whispers: this.#whispers,
      mine: (shows) => ({ sessions: this.sessions(shows), addresses: needs.addresses(), nat: needs.nat() }),
      ...hearers(this.replica, () => this.grants),
      blocks: (device) => this.grants.blocks(device),
      neighbours: () => needs.engine.mesh(this.id)?.sessions.keys() ?? [],
      onAddresses: (device, addresses) => this.#learn(device, addresses),
    })
    this.#listening = needs.replica.onCommit(({ entries, membership, events }) => {
      if (entries.some(({ own }) => own)) this.#ownLogs = undefined
      if (membership || events.wrongKeys.length > 0 || events.registers.some(({ doc, key }) => doc === 'members' && key.includes('/token/'))) this.#choresSoon()
      if (membership) needs.blobs.membershipChanged(this.id)
      if (membership) this.presence.audienceChanged()
      if (membership || events.registers.some(({ doc, key }) => doc === 'mesh' && key === 'relays')) needs.onRendezvous()
    })
    this.#recallAddresses()
    this.grants.onChange(() => this.#grantsChanged())
    needs.engine.add(needs.replica, (remote) => needs.isBanned(remote) || this.grants.blocks(remote))
    this.presence.announce()
    this.#choresSoon()
  }

  /** A whisper came from a neighbour. */
  hear(bytes: Uint8Array, from: DeviceId): void {
    const whisper = this.#whispers.open(bytes)
    if (!whisper) return
    if (whisper.plain[0] !== awarenessWhisper) return this.presence.hear(whisper, bytes, from)
    this.#whispers.passOn(bytes, (remote) => remote === from || remote === whisper.device || this.presence.hears(remote, whisper.device))
    if (!this.grants.blocks(whisper.device)) this.documents.hear(whisper.plain)
  }

  /** This node's sessions, as this mesh sees them, or those in it who may see no more than that. */
  sessions(shows: Shows = { machine: true, directory: true }): readonly SessionInfo[] {
    const { groups } = this.defaults.current()
    return this.#needs.sessions(shows).map((session) => (session.groups.length === 0 ? { ...session, groups } : session))
  }

  /** Relays of this mesh, as its stewards wrote them. */
  relays(): readonly string[] {
    return relaysOf(this.replica)
  }

  /**
   * What to stand behind at relays: the mesh's own code, and those of its newest invites so that joiners find any
   * member; of closed ones too, since whoever comes late should hear why and not that nobody is there.
   */
  codes(): readonly Uint8Array[] {
    return [derive(domains.meshCode, fromHex(this.id)), ...inviteCodes(this.replica)]
  }

  /** Whether devices found behind a code are to be dialled. */
  isMeshCode(code: string): boolean {
    return code === toHex(derive(domains.meshCode, fromHex(this.id)))
  }

  /** Whether somebody is who was invited, as the mesh or the person at this device knows it. */
  isConfirmed(member: MemberId): boolean {
    return this.confirmations.has(member) || this.verified.of(member) === 'verified'
  }

  /** Every admitted device but this one. */
  others(): readonly DeviceId[] {
    return this.replica.membership.now().devices().map(({ device }) => device).filter((device) => device !== this.replica.identity.device)
  }

  /** Where devices last said that they can be dialled. */
  *knownAddresses(): Iterable<readonly [DeviceId, readonly string[]]> {
    const prefix = 'address\0'
    for (const [key, value] of this.replica.store.scan('meta', { prefix, limit: 1000 })) {
      const parsed = addressList.safeParse(JSON.parse(new TextDecoder().decode(value)))
      if (parsed.success) yield [key.slice(prefix.length) as DeviceId, parsed.data]
    }
  }

  entries(): number {
    return [...this.replica.logs()].reduce((sum, { seq }) => sum + seq, 0)
  }

  isOnline(device: DeviceId): boolean {
    return device === this.replica.identity.device || this.#session(device) !== undefined || this.presence.isHere(device)
  }

  /** Whether a device and this one hold the same, as far as both have said. */
  isSynced(device: DeviceId): boolean {
    return device === this.replica.identity.device || this.#session(device)?.isSynced === true
  }

  /** How far a device is known to hold one of our logs. */
  heldBy(device: DeviceId, log: string): number {
    const stored = this.#held.get(`${device}\0${log}`)
    if (stored !== undefined) return stored
    const row = this.replica.store.get('outbox', `held\0${device}\0${log}`)
    return row ? Number(new TextDecoder().decode(row)) : 0
  }

  /** A session moved: what its peer announced of our logs is remembered. */
  progressed(remote: DeviceId): void {
    const session = this.#session(remote)
    if (!session) return
    this.#ownLogs ??= [...this.replica.logs()].filter(({ device, type }) => device === this.replica.identity.device && type === 'content')
    for (const held of this.#ownLogs) {
      const key = `${remote}\0${held.log}`
      const seq = session.peer.seq(held.log)
      if (seq <= (this.#held.get(key) ?? 0)) continue
      this.#held.set(key, seq)
      this.#heldDirty.add(key)
    }
    if (this.#heldDirty.size > 0) this.#heldTimer ??= this.#needs.runtime.timers.after(heldEveryMs, () => this.#keepHeld())
  }

  stop(): void {
    this.#stopped = true
    this.presence.stop()
    this.#listening[Symbol.dispose]()
    for (const timer of [this.#heldTimer, this.#chores, this.#invites, this.#tokens, this.requests]) timer?.[Symbol.dispose]()
    this.announcements.stop()
    this.rotation.stop()
    this.grants.stop()
    this.checkpoints.stop()
    this.mail.stop()
    this.documents.stop()
    this.files.stop()
    this.#needs.engine.remove(this.id, 'stopping')
  }

  /** What members beside the blocked are to hear. */
  #whisper(plain: Uint8Array): void {
    if (!this.grants.blocksAny) this.#whispers.say(plain)
    else this.#whispers.sayTo(presenceAudiences(this.replica, this.grants).flatMap(({ devices }) => devices), plain, new Set(this.#needs.engine.mesh(this.id)?.sessions.keys()))
  }

  /** To whom is blocked now this device goes as one that stops; whom it blocks no more it meets again. */
  #grantsChanged(): void {
    this.presence.leave(blockedDevices(this.replica, this.grants))
    this.#needs.engine.refusalsChanged(this.id)
    this.#needs.blobs.membershipChanged(this.id)
    this.presence.audienceChanged()
    this.presence.announce()
    this.mail.grantsChanged()
  }

  #session(device: DeviceId): ReturnType<NonNullable<ReturnType<SyncEngine['mesh']>>['sessions']['get']> {
    return this.#needs.engine.mesh(this.id)?.sessions.get(device)
  }

  #keepHeld(): void {
    this.#heldTimer = undefined
    const rows = [...this.#heldDirty].map((key) => ({ table: 'outbox' as const, key: `held\0${key}`, value: new TextEncoder().encode(String(this.#held.get(key))) }))
    this.#heldDirty.clear()
    this.replica.note(rows).catch((error: unknown) => this.#needs.log.debug('held_not_kept', { why: String(error) }))
  }

  /** Where a peer said it can be dialled is kept, so that two who restart find each other without anybody's help. */
  #learn(device: DeviceId, addresses: readonly string[]): void {
    this.#needs.onAddresses(device, addresses)
    const value = new TextEncoder().encode(JSON.stringify(addresses))
    const key = `address\0${device}`
    if (!this.replica.mayRead()) return
    const known = this.replica.store.get('meta', key)
    if (addresses.length === 0 || (known && sameBytes(known, value))) return
    this.replica.note([{ table: 'meta', key, value }]).catch((error: unknown) => this.#needs.log.debug('address_not_kept', { why: String(error) }))
  }

  #recallAddresses(): void {
    for (const [device, addresses] of this.knownAddresses()) this.#needs.onAddresses(device, addresses)
  }

  /** Chores follow a change of the membership after a pause, spread by chance so that not everybody does the same. */
  #choresSoon(): void {
    if (this.#stopped) return
    const spread = chorePauseMs * (0.5 + (this.#needs.runtime.random.bytes(1)[0] as number) / 128)
    this.#chores ??= this.#needs.runtime.timers.after(spread, () => {
      this.#chores = undefined
      this.#doChores().catch((error: unknown) => this.#needs.log.warn('chore_failed', { why: String(error) }))
    })
  }

  async #doChores(): Promise<void> {
    await this.grants.reseal()
    const self = this.replica.membership.now().device(this.replica.identity.device)
    if (self && readers.has(self.role)) await reportWrongKeys(this.replica)
    if (!self || !writers.has(self.role)) return
    await this.#invites.look()
    await this.#tokens.look()
    await shareMissingKeys(this.replica, this.#needs.runtime.random)
    await this.checkpoints.membershipChanged()
  }
}
