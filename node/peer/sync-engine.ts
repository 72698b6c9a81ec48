/**
 * Keeps a sync session with every reachable peer of every mesh: dials, shakes hands, replaces sessions when a better
 * path opens, and comes back with growing pauses when one is lost.
 */
import type { SessionHandle, SyncHost } from '../../crdt/sync/ports.ts'
import { SyncSession } from '../../crdt/sync/session.ts'
import type { DeviceId, LogId, MeshId } from '../../crdt/wire/ids.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { protocols } from '../../crdt/wire/protocols.ts'
import type { Log } from '../ports/log.ts'
import type { FrameStream, Network } from '../ports/network.ts'
import type { Runtime } from '../ports/runtime.ts'
import { answerMesh, proposeMesh, type Handover, type HandshakeParts } from './mesh-handshake.ts'
import { PeerDialer } from './peer-dialer.ts'
import { replicaForSync } from './replica-for-sync.ts'
import type { Replica } from './replica/replica.ts'
import { isOvertaken, wereAtOnce, type Beginning, type Begun } from './session-order.ts'

const openerHeadStartMs = 1_500
/** Whoever loses its place is told of it over the session that stands, and has so long to hear. */
const farewellMs = 750
/** Somebody without a place may say in so long what we do not know, or hear what it does not. */
const visitMs = 30_000
/** A session that stood for so long is begun anew at once: it was lost, and not refused. */
const steadyMs = 2_000

/** A mesh whose replica is synced. */
export interface SyncedMesh {
  readonly replica: Replica
  readonly sessions: ReadonlyMap<DeviceId, SyncSession>
  /** Bytes that its sessions moved, by peer, since this device started; of those who are no members only while they are here. */
  readonly traffic: ReadonlyMap<DeviceId, Readonly<Traffic>>
}

interface Traffic {
  sent: number
  received: number
}

interface MeshState extends SyncedMesh {
  readonly sessions: Map<DeviceId, SyncSession>
  readonly traffic: Map<DeviceId, Traffic>
  readonly claims: Map<LogId, SessionHandle>
  /** How each of those sessions began. */
  readonly begun: Map<DeviceId, Beginning>
  readonly refuses: (remote: DeviceId) => boolean
  readonly listening: readonly Disposable[]
}

export interface SyncEngineEvents {
  /** A session came, went, or moved. */
  readonly onSession: (mesh: MeshId, remote: DeviceId) => void
  readonly onWhisper: (mesh: MeshId, bytes: Uint8Array, from: DeviceId) => void
  /** Whether an author said that it has a session with another device. */
  /** A device sent what only a faulty or hostile one sends. */
  readonly onFault: (remote: DeviceId, why: string) => void
  readonly hears: (mesh: MeshId, remote: DeviceId, author: DeviceId) => boolean
}

export class SyncEngine {
  readonly #network: Network
  readonly #runtime: Runtime
  readonly #log: Log
  readonly #events: SyncEngineEvents
  readonly #meshes = new Map<MeshId, MeshState>()
  readonly #dialer: PeerDialer
  readonly #stop = new AbortController()

  constructor(needs: { network: Network; runtime: Runtime; log: Log; events: SyncEngineEvents }) {
    this.#network = needs.network
    this.#runtime = needs.runtime
    this.#log = needs.log
    this.#events = needs.events
    this.#dialer = new PeerDialer({
      runtime: needs.runtime,
      wanted: (remote) => this.#meshesWith(remote).some((mesh) => !this.#meshes.get(mesh)?.sessions.has(remote)),
      dial: (remote) => this.#openAll(remote),
    })
    this.#network.acquaint({ has: (remote) => this.#meshesWith(remote).length > 0, all: () => this.#others() })
    this.#network.bar((remote) => this.#isBarred(remote))
    this.#network.onNearby((remote) => this.#dialer.now(remote))
    this.#network.handle(protocols.sync, (stream) => this.#answer(stream))
    this.#network.onPeer((remote, up) => {
      if (up) this.#opened(remote)
      else this.#dialer.retry(remote)
    })
    this.#network.onBetterPath((remote) => this.#move(remote))
  }

  mesh(mesh: MeshId): SyncedMesh | undefined {
    return this.#meshes.get(mesh)
  }

  /** @param refuses to whom this device is to look offline in this mesh; asked each time */
  add(replica: Replica, refuses: (remote: DeviceId) => boolean = () => false): void {
    const listening = replica.onCommit((committed) => {
      for (const session of this.#meshes.get(replica.mesh)?.sessions.values() ?? []) session.committed(committed.entries, committed.membership)
      if (!committed.membership) return
      this.#dialAll(replica)
      this.#dismissRemoved(replica.mesh)
    })
    // New sessions begin with what is left. Not at once: the loss may show in the midst of serving one of them.
    const losing = replica.onLoss(() => this.#runtime.timers.soon(() => this.#closeAll(this.#meshes.get(replica.mesh), 'a loss')))
    this.#meshes.set(replica.mesh, { replica, sessions: new Map(), traffic: new Map(), claims: new Map(), begun: new Map(), refuses, listening: [listening, losing] })
    for (const remote of this.#network.connected()) this.#opened(remote)
    this.#dialAll(replica)
  }

  remove(mesh: MeshId, why: string): void {
    const state = this.#meshes.get(mesh)
    this.#meshes.delete(mesh)
    for (const one of state?.listening ?? []) one[Symbol.dispose]()
    this.#closeAll(state, why)
  }

  /** Others may be refused now: sessions with them end as when this device stops, the connection too where nothing else is shared. */
  refusalsChanged(mesh: MeshId): void {
    const state = this.#meshes.get(mesh)
    if (!state) return
    for (const [remote, session] of state.sessions) if (state.refuses(remote)) session.close('stopping')
    for (const remote of this.#network.connected()) if (this.#isBarred(remote)) this.#runtime.timers.soon(() => this.#network.drop(remote, 'it is refused'))
    for (const { device } of state.replica.membership.now().devices()) if (device !== this.#network.device && !state.sessions.has(device)) this.#dialer.now(device)
  }

  /** There is fresh reason to believe that a peer can be reached. */
  reachable(remote: DeviceId): void {
    this.#dialer.now(remote)
  }

  /** A route came back: everybody is tried at once. */
  retryAll(): void {
    for (const device of this.#others()) this.#dialer.now(device)
  }

  /** Sends a whisper over the sessions of a mesh, save those to peers that are to be skipped. */
  whisper(mesh: MeshId, bytes: Uint8Array, skip: (remote: DeviceId) => boolean): void {
    for (const [remote, session] of this.#meshes.get(mesh)?.sessions ?? []) if (!skip(remote)) session.whisper(bytes)
  }

  stop(): void {
    this.#stop.abort()
    this.#dialer.stop()
    for (const mesh of [...this.#meshes.keys()]) this.remove(mesh, 'stopping')
  }

  #closeAll(state: MeshState | undefined, why: string): void {
    for (const session of [...(state?.sessions.values() ?? [])]) session.close(why)
  }

  #dialAll(replica: Replica): void {
    for (const { device } of replica.membership.now().devices()) if (device !== this.#network.device) this.#dialer.want(device)
  }

  /** Every admitted device of every mesh but this one. */
  #others(): ReadonlySet<DeviceId> {
    const all = [...this.#meshes.values()].flatMap(({ replica }) => replica.membership.now().devices().map(({ device }) => device))
    return new Set(all.filter((device) => device !== this.#network.device))
  }

  /** Those in which both are, and are to meet. */
  #meshesWith(remote: DeviceId): MeshId[] {
    return [...this.#meshes].filter(([, { replica, refuses }]) => replica.membership.now().device(remote) && replica.membership.now().device(this.#network.device) && !refuses(remote)).map(([mesh]) => mesh)
  }

  /** Whether a device is of somebody who is blocked, and nothing else is shared. */
  #isBarred(remote: DeviceId): boolean {
    return [...this.#meshes.values()].some(({ refuses }) => refuses(remote)) && this.#meshesWith(remote).length === 0
  }

  /** Sessions with those who have lost their place end once they had time to hear why. */
  #dismissRemoved(mesh: MeshId): void {
    const state = this.#meshes.get(mesh)
    for (const [remote, beginning] of state?.begun ?? []) {
      if (!beginning.admitted || state?.replica.membership.now().device(remote)) continue
      beginning.admitted = false
      this.#dismiss(mesh, remote, farewellMs)
    }
  }

  /** Ends a session after a while, unless its peer has a place by then; the connection as well when nothing else is shared. */
  #dismiss(mesh: MeshId, remote: DeviceId, afterMs: number): void {
    const session = this.#meshes.get(mesh)?.sessions.get(remote)
    this.#runtime.timers.after(afterMs, () => {
      const state = this.#meshes.get(mesh)
      if (session === undefined || state?.sessions.get(remote) !== session || state.replica.membership.now().device(remote)) return
      session.close('not admitted')
      if (this.#meshesWith(remote).length === 0) this.#network.drop(remote, 'no mesh is shared')
    })
  }

  /** One side opens, so that two do not open at once; the other does so when nothing came. */
  #opened(remote: DeviceId): void {
    const first = this.#network.device < remote
    this.#runtime.timers.after(first ? 0 : openerHeadStartMs, () => this.#dialer.now(remote))
  }

  /** A session that stood is lost: another way may be open already. One side takes it at once, the other leaves it a moment to do so. */
  #lost(remote: DeviceId): void {
    if (this.#network.device < remote) this.#dialer.now(remote)
    else this.#dialer.retry(remote)
  }

  async #openAll(remote: DeviceId): Promise<void> {
    for (const mesh of this.#meshesWith(remote)) {
      if (this.#meshes.get(mesh)?.sessions.has(remote)) continue
      await this.#propose(remote, mesh)
    }
  }

  async #propose(remote: DeviceId, mesh: MeshId): Promise<void> {
    const begun = { opener: this.#network.device, since: this.#runtime.timers.elapsed() }
    const stream = await this.#network.open(remote, protocols.sync, this.#stop.signal)
    await proposeMesh(stream, mesh, this.#parts, (handover) => this.#begin(handover, mesh, begun), () => !isOvertaken(this.#meshes.get(mesh)?.begun.get(remote), begun))
  }

  #answer(stream: FrameStream): void {
    const begun = { opener: stream.remote, since: this.#runtime.timers.elapsed() }
    const meshes = (): MeshId[] => [...this.#meshes].filter(([, { refuses }]) => !refuses(stream.remote)).map(([mesh]) => mesh)
    answerMesh(stream, meshes, this.#parts, (handover, mesh) => this.#begin(handover, mesh, begun))
  }

  get #parts(): HandshakeParts {
    return { device: this.#network.device, runtime: this.#runtime, onFault: this.#events.onFault }
  }

  #begin({ stream, onFrame, onClose }: Handover, mesh: MeshId, begun: Begun): void {
    const state = this.#meshes.get(mesh)
    if (!state || state.refuses(stream.remote)) return stream.close('unknown_mesh')
    // Of a store that cannot be read nothing true can be said.
    if (!state.replica.mayRead()) return stream.close('storage')
    const { remote } = stream
    const present = state.begun.get(remote)
    const now = this.#runtime.timers.elapsed()
    if (isOvertaken(present, begun)) return stream.close('there is a newer session')
    if (wereAtOnce(present, begun, this.#network.device, now)) return stream.close('there is a session already')
    const admitted = state.replica.membership.now().device(remote) !== undefined
    state.begun.set(remote, { ...begun, at: now, handshakeMs: now - begun.since, admitted })
    const session = new SyncSession(remote, replicaForSync(state.replica), this.#hostOf(state, remote), stream)
    const older = state.sessions.get(remote)
    state.sessions.set(remote, session)
    older?.close('replaced')
    onFrame((frame) => session.receive(frame))
    onClose((why) => {
      session.ended()
      if (state.sessions.get(remote) === session) {
        state.sessions.delete(remote)
        state.begun.delete(remote)
        // Anybody who once knew the mesh may come as ever new devices.
        if (!state.replica.membership.now().device(remote)) state.traffic.delete(remote)
        if (this.#runtime.timers.elapsed() - now >= steadyMs) this.#lost(remote)
        else this.#dialer.retry(remote)
      }
      this.#log.debug('session_ended', { why })
      this.#events.onSession(mesh, remote)
    })
    this.#dialer.done(remote)
    session.start()
    if (!admitted) this.#dismiss(mesh, remote, visitMs)
    this.#events.onSession(mesh, remote)
  }

  /** Sessions move to the better path: a new one replaces the old, which loses nothing since sync is resumable. */
  #move(remote: DeviceId): void {
    if (this.#network.device > remote) return
    for (const mesh of this.#meshesWith(remote)) {
      this.#propose(remote, mesh).catch((error: unknown) => this.#log.debug('move_failed', { why: String(error) }))
    }
  }

  #hostOf(state: MeshState, remote: DeviceId): SyncHost {
    const { timers, random } = this.#runtime
    const traffic = state.traffic.get(remote) ?? { sent: 0, received: 0 }
    state.traffic.set(remote, traffic)
    return {
      after: (ms, call) => timers.after(ms, call),
      elapsed: () => timers.elapsed(),
      jitter: () => (random.bytes(1)[0] as number) / 256,
      sessions: () => state.sessions.size,
      claim: (log, by) => {
        const holder = state.claims.get(log)
        if (holder && holder !== by && !holder.isClosed) return false
        if (state.claims.size >= limits.logsPerMesh) return false
        state.claims.set(log, by)
        return true
      },
      release: (log, by) => {
        if (state.claims.get(log) === by) state.claims.delete(log)
      },
      isDirect: (device) => state.sessions.get(device)?.isClosed === false,
      hears: (remote, author) => this.#events.hears(state.replica.mesh, remote, author),
      onWhisper: (bytes, from) => this.#events.onWhisper(state.replica.mesh, bytes, from.remote),
      onFault: (why) => this.#events.onFault(remote, why),
      onBytes: (sent, received) => {
        traffic.sent += sent
        traffic.received += received
      },
      onProgress: (session) => this.#events.onSession(state.replica.mesh, session.remote),
    }
  }
}
