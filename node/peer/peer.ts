/**
 * The running peer: one device, its network, its meshes and the sessions attached to it. It provides the services
 * that operations call.
 */
import { verify, type Verify } from '../../crdt/crypto/sign.ts'
import { protocols } from '../../crdt/wire/protocols.ts'
import type { BlobId, DeviceId, MeshId } from '../../crdt/wire/ids.ts'
import { AtollError, toAtollError } from '../ports/errors.ts'
import { StoreError } from '../ports/store.ts'
import { storageError } from '../ports/storage-error.ts'
import { effectiveExceptions } from '../../crdt/members/permissions.ts'
import type { Caller, PeerHost, Services, SessionHello, Standing } from '../ports/services.ts'
import { sodiumBlobCrypto } from '../../crdt/crypto/blob-crypto.ts'
import { BlobExchange } from './blobs/blob-exchange.ts'
import { CallCounter } from './operation-meter.ts'
import { Collector } from './blobs/collector.ts'
import { MemoryBlobStore } from './blobs/memory-blob-store.ts'
import { admit } from './join/admitter.ts'
import { DeviceLinks } from './join/device-links.ts'
import { answerRecovery } from './join/answer-recovery.ts'
import { makeIdentity } from './mesh/make-identity.ts'
import { RunningMesh } from './mesh/running-mesh.ts'
import type { Identity } from './replica/identity.ts'
import { Replica } from './replica/replica.ts'
import type { PeerNeeds } from './peer-needs.ts'
import { servicesFor } from './services/services-for.ts'
import type { ServicesHost } from './services/services-host.ts'
import { Misconduct } from './misconduct.ts'
import { Sessions } from './sessions.ts'
import { until } from './until.ts'
import { SyncEngine } from './sync-engine.ts'

export class Peer implements PeerHost, ServicesHost, AsyncDisposable {
  readonly version: string
  readonly needs: PeerNeeds
  readonly identity: Identity
  readonly engine: SyncEngine
  readonly sessions: Sessions
  readonly meter: CallCounter
  readonly blobs: BlobExchange
  readonly misconduct: Misconduct
  readonly collector: Collector
  readonly deviceLinks: DeviceLinks
  readonly meshes = new Map<MeshId, RunningMesh>()
  readonly moving = new Set<MeshId>()
  readonly startedAt: number
  /** Meshes that are kept here and could not be opened, and why. */
  readonly #notOpened = new Map<MeshId, AtollError>()
  readonly #boot: Uint8Array
  readonly #verify: Verify
  #closed = false

  constructor(needs: PeerNeeds) {
    this.needs = needs
    this.version = needs.version
    this.meter = new CallCounter(needs.runtime.timers, needs.operations ?? [])
    this.startedAt = needs.runtime.clock.now()
    this.#boot = needs.runtime.random.bytes(8)
    this.#verify = needs.verify ?? verify
    this.identity = makeIdentity(needs.profile.device.seed, needs.profile.device.sealingSecret)
    this.misconduct = new Misconduct({ timers: needs.runtime.timers, log: needs.log.scope('peer'), onChange: () => this.#bansChanged() })
    const onFault = (remote: DeviceId, why: string): void => this.misconduct.report(remote, why)
    this.engine = new SyncEngine({
      network: needs.network,
      runtime: needs.runtime,
      log: needs.log.scope('sync'),
      events: {
        onSession: (mesh, remote) => this.#sessionChanged(mesh, remote),
        onFault,
        hears: (mesh, remote, author) => this.meshes.get(mesh)?.presence.hears(remote, author) === true,
        onWhisper: (mesh, bytes, from) => this.meshes.get(mesh)?.hear(bytes, from),
      },
    })
    this.sessions = new Sessions({ runtime: needs.runtime, machine: needs.profile.machine, changed: () => this.#announce() })
    this.blobs = new BlobExchange({
      network: needs.network,
      runtime: needs.runtime,
      store: needs.blobs ?? new MemoryBlobStore(needs.runtime.clock),
      crypto: needs.blobCrypto ?? sodiumBlobCrypto,
      log: needs.log.scope('blobs'),
      onFault,
      meshes: (remote) => [...this.meshes.keys()].filter((mesh) => !this.#refuses(mesh, remote)),
      isAdmitted: (mesh, remote) => this.meshes.get(mesh)?.replica.membership.now().device(remote) !== undefined && !this.#refuses(mesh, remote),
    })
    needs.network.onBetterPath((remote) => {
      for (const mesh of this.meshes.values()) mesh.files.moved(remote)
    })
    needs.network.handle(protocols.join, (stream) => {
      admit(stream, () => this.meshes.values(), needs.runtime).catch((error: unknown) => needs.log.warn('join_failed', { why: String(error) }))
    })
    needs.network.handle(protocols.recover, (stream) => answerRecovery(stream, () => new Map([...this.meshes].map(([mesh, { replica }]) => [mesh, replica])), { device: this.identity.device, runtime: needs.runtime, log: needs.log.scope('recovery'), onFault, refuses: (mesh, member) => this.meshes.get(mesh)?.grants.isBlocked(member) === true }))
    this.deviceLinks = new DeviceLinks({ device: this.identity.device, runtime: needs.runtime, log: needs.log.scope('device'), replica: (mesh) => this.meshes.get(mesh)?.replica, changed: () => this.rendezvous() })
    needs.network.handle(protocols.device, (stream) => void this.deviceLinks.answer(stream))
    this.collector = new Collector({ store: this.blobs.store, runtime: needs.runtime, log: needs.log.scope('blobs'), live: () => this.#liveBlobs() })
    needs.network.onFound((code, peers) => this.#found(code, peers))
    for (const { mesh, complete } of needs.profile.meshes()) {
      if (complete) this.#openKept(mesh)
      else needs.profile.drop(mesh)
    }
  }

  get scopes(): readonly string[] {
    return this.needs.token?.scopes ?? []
  }

  get warnings(): readonly string[] {
    return [...this.#notOpened].map(([mesh, why]) => `The mesh ${mesh.slice(0, 8)} could not be opened: ${why.message}`)
  }

  /** Opens a replica without running it: for founding and joining. Throws AtollError where the disk refuses. */
  openReplica(mesh: MeshId): Replica {
    const { profile, runtime, log } = this.needs
    try {
      const store = profile.openStore(mesh)
      if (store.damage) log.error('store_damaged', { mesh, ...store.damage })
      return new Replica({ mesh, identity: this.identity, store, runtime, verify: this.#verify, witness: profile.witness, log: log.scope('replica') })
    } catch (error) {
      throw error instanceof StoreError ? storageError(error) : error
    }
  }

  /** Runs a mesh from now on. */
  run(replica: Replica): RunningMesh {
    const { runtime, log, network } = this.needs
    const mesh = new RunningMesh({
      replica,
      engine: this.engine,
      blobs: this.blobs,
      runtime,
      verify: this.#verify,
      log: log.scope('mesh'),
      boot: this.#boot,
      sessions: (shows) => this.sessions.shown(shows),
      addresses: () => network.addresses().filter((address) => !address.includes('/p2p-circuit')).slice(0, 8),
      nat: () => network.nat(),
      isBanned: (device) => this.misconduct.isBanned(device),
      onAddresses: (device, addresses) => network.learn(device, addresses),
      onRendezvous: () => this.rendezvous(),
    })
    this.meshes.set(replica.mesh, mesh)
    this.#notOpened.delete(replica.mesh)
    this.rendezvous()
    return mesh
  }

  /** Relays and codes of all meshes, to the network. */
  rendezvous(): void {
    const meshes = [...this.meshes.values()]
    this.needs.network.useRelays([...new Set(meshes.flatMap((mesh) => mesh.relays()))])
    this.needs.network.standBehind([...this.deviceLinks.codes(), ...meshes.flatMap((mesh) => mesh.codes())])
  }

  /** Stops running a mesh; what is stored stays unless it is dropped. */
  async halt(mesh: MeshId): Promise<void> {
    const running = this.meshes.get(mesh)
    this.meshes.delete(mesh)
    running?.stop()
    await running?.replica.close()
    this.rendezvous()
  }

  /** Which mesh a caller means. Throws mesh_unknown, mesh_none or mesh_ambiguous, or why the mesh that may be meant could not be opened. */
  meshFor(named: string | undefined): RunningMesh {
    const all = [...this.meshes.values()]
    const byName = (wanted: string): RunningMesh[] => {
      const exact = all.filter((mesh) => mesh.id === wanted || mesh.names.mesh() === wanted)
      return exact.length > 0 ? exact : all.filter((mesh) => wanted.length >= 6 && mesh.id.startsWith(wanted))
    }
    const wanted = named ?? (this.needs.config.current().mesh || undefined)
    if (wanted === undefined) {
      const [only, ...others] = all
      if (!only) throw this.#whyNot() ?? new AtollError('mesh_none')
      if (others.length > 0) throw new AtollError('mesh_ambiguous', { choices: all.map((mesh) => mesh.names.mesh()).join(', ') })
      return only
    }
    const [found, ...others] = byName(wanted)
    if (!found) throw this.#whyNot() ?? (all.length === 0 ? new AtollError('mesh_none') : new AtollError('mesh_unknown', { name: wanted }))
    if (others.length > 0) throw new AtollError('mesh_ambiguous', { choices: [found, ...others].map((mesh) => `${mesh.names.mesh()} (${mesh.id.slice(0, 8)})`).join(', ') })
    return found
  }

  async standing(caller: Caller): Promise<Standing> {
    const { replica } = this.meshFor(caller.mesh)
    const member = replica.membership.memberOf(this.identity.device)
    const state = member && replica.membership.now().member(member)
    if (state?.status !== 'active') return { role: state?.status ?? 'removed', since: state?.since ?? 0, exceptions: {} }
    return { role: state.role, since: state.since, exceptions: effectiveExceptions(state, replica.membership.now()) }
  }

  /** Resolves when every peer that is online holds what we hold of this mesh, or after two seconds. */
  async told(mesh: RunningMesh): Promise<void> {
    await until(this.needs.runtime.timers, () => mesh.others().every((device) => !this.engine.mesh(mesh.id)?.sessions.has(device) || mesh.isSynced(device)), 2_000)
  }

  /** Resolves when one peer has given all it holds, or after some seconds without any: joining succeeded either way. */
  async caughtUp(mesh: RunningMesh, signal: AbortSignal): Promise<void> {
    await until(this.needs.runtime.timers, () => signal.aborted || mesh.others().some((device) => mesh.isSynced(device)), 30_000)
  }

  services(caller: Caller): Services {
    return servicesFor(this, caller)
  }

  attach(hello: SessionHello): Promise<AsyncDisposable & { readonly session: string; readonly name: string }> {
    const attached = this.sessions.attach(hello)
    let detached = false
    return Promise.resolve({
      ...attached,
      [Symbol.asyncDispose]: () => {
        if (!detached) this.sessions.detach(attached.session)
        detached = true
        return Promise.resolve()
      },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.deviceLinks.close()
    this.misconduct[Symbol.dispose]()
    for (const mesh of this.meshes.values()) mesh.stop()
    this.engine.stop()
    await Promise.all([...this.meshes.values()].map(({ replica }) => replica.close()))
    await this.needs.network[Symbol.asyncDispose]()
    await this.collector[Symbol.asyncDispose]()
    await this.blobs.store[Symbol.asyncDispose]()
  }

  /** Why a mesh that may be meant could not be opened. */
  #whyNot(): AtollError | undefined {
    return [...this.#notOpened.values()].at(-1)
  }

  #openKept(mesh: MeshId): void {
    try {
      this.run(this.openReplica(mesh))
    } catch (error) {
      // One damaged mesh must not keep the others from running; `status` says so.
      const why = toAtollError(error)
      this.#notOpened.set(mesh, why)
      this.needs.log.error('mesh_not_opened', { mesh, why: why.message })
    }
  }

  /** Sessions and streams end with whoever is banned now; whoever is no more is met again. */
  #bansChanged(): void {
    for (const mesh of this.meshes.keys()) {
      this.engine.refusalsChanged(mesh)
      this.blobs.membershipChanged(mesh)
    }
  }

  /** Whether a device is banned, or of somebody whom we block in a mesh. */
  #refuses(mesh: MeshId, remote: DeviceId): boolean {
    return this.misconduct.isBanned(remote) || this.meshes.get(mesh)?.grants.blocks(remote) === true
  }

  /** Of all meshes that are kept here; undefined while one of them cannot be read, since nobody knows what it needs. */
  #liveBlobs(): AsyncIterable<readonly BlobId[]> | undefined {
    const meshes = [...this.meshes.values()]
    const known = this.needs.profile.meshes().every(({ mesh, complete }) => !complete || this.meshes.get(mesh)?.replica.mayRead() === true)
    if (!known || this.moving.size > 0) return undefined
    return (async function* () {
      for (const { files } of meshes) yield* files.live()
    })()
  }

  #announce(): void {
    for (const mesh of this.meshes.values()) mesh.presence.announce()
  }

  #sessionChanged(mesh: MeshId, remote: DeviceId): void {
    const running = this.meshes.get(mesh)
    running?.files.peersChanged()
    const session = this.engine.mesh(mesh)?.sessions.get(remote)
    if (!running || !session) return
    running.progressed(remote)
    // A newcomer must not wait for the next round to learn who is here.
    if (!this.#greeted.has(session)) {
      this.#greeted.add(session)
      running.presence.greet(remote)
    }
  }

  readonly #greeted = new WeakSet<object>()

  #found(code: string, peers: readonly DeviceId[]): void {
    for (const mesh of this.meshes.values()) {
      if (!mesh.isMeshCode(code)) continue
      for (const device of peers) if (mesh.replica.membership.now().device(device)) this.engine.reachable(device)
    }
  }
}

