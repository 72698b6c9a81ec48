import { toHex, type DeviceId } from '../../crdt/wire/ids.ts'
import { AtollError } from '../ports/errors.ts'
import type { FrameStream, Network, NetworkFacts, PeerPath } from '../ports/network.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { NatKind, Path, PathAttempt, RelayState } from '../ports/services.ts'
import type { ConnectionEnd, MemoryConnection } from './memory-network-connection.ts'
import type { LinkView } from './memory-network-link.ts'
import type { MeetingGuest, Meetings } from './memory-network-meetings.ts'
import { streamPair } from './memory-network-stream.ts'

/** A dial or ping that nobody answers is given up after this. */
const dialMs = 5_000
const pingMs = 3_000
const attemptsKept = 16

/** What a network stands on: the world without the strings that tests pull. */
export interface MemoryGround {
  readonly runtime: Runtime
  readonly meetings: Meetings
  peer(device: DeviceId): MemoryNetwork | undefined
  left(network: MemoryNetwork): void
  path(from: DeviceId, to: DeviceId): Path
  connect(dialler: ConnectionEnd, answerer: ConnectionEnd): MemoryConnection
  /** The link from one peer to another, as it is whenever asked. */
  view(from: DeviceId, to: DeviceId): LinkView
}

/** A peer's network in a MemoryWorld: no sockets, no relays, and everything happens by the world's timers. */
export class MemoryNetwork implements Network, MeetingGuest {
  readonly device: DeviceId
  readonly #world: MemoryGround
  readonly #connections = new Map<DeviceId, Set<{ readonly connection: MemoryConnection; readonly end: ConnectionEnd }>>()
  readonly #handlers = new Map<string, (stream: FrameStream) => void>()
  readonly #attempts = new Map<DeviceId, PathAttempt[]>()
  readonly #onPeer: ((remote: DeviceId, up: boolean) => void)[] = []
  readonly #onBetterPath: ((remote: DeviceId) => void)[] = []
  readonly #onFound: ((code: string, peers: readonly DeviceId[]) => void)[] = []
  #codes: readonly Uint8Array[] = []
  #isBarred: (remote: DeviceId) => boolean = () => false
  #online: boolean
  #disposed = false

  constructor(world: MemoryGround, device: DeviceId, online: boolean) {
    this.#world = world
    this.device = device
    this.#online = online
  }

  get reachable(): boolean {
    return this.#online && !this.#disposed
  }

  addresses(): readonly string[] {
    return this.reachable ? [`/memory/${this.device}`] : []
  }

  /** Here every peer's address is known. */
  learn(): void {}

  async open(remote: DeviceId, protocol: string, signal: AbortSignal): Promise<FrameStream> {
    if (!this.reachable) throw new AtollError('offline')
    if (signal.aborted) throw new AtollError('cancelled')
    try {
      const stream = await this.#dial(remote, protocol, signal)
      this.#record(remote, 'in use', 'it answered')
      return stream
    } catch (error) {
      if (error instanceof AtollError) this.#record(remote, 'failed', String(error.details['why'] ?? error.message))
      throw error
    }
  }

  handle(protocol: string, handler: (stream: FrameStream) => void): void {
    this.#handlers.set(protocol, handler)
  }

  onPeer(call: (remote: DeviceId, up: boolean) => void): void {
    this.#onPeer.push(call)
  }

  onBetterPath(call: (remote: DeviceId) => void): void {
    this.#onBetterPath.push(call)
  }

  path(remote: DeviceId): PeerPath {
    if (this.#open(remote) === undefined) return { path: 'none', address: null, rtt_ms: null }
    return { path: this.#world.path(this.device, remote), address: `/memory/${remote}`, rtt_ms: this.#roundTrip(remote) }
  }

  attempts(remote: DeviceId): readonly PathAttempt[] {
    return this.#attempts.get(remote) ?? []
  }

  connected(): readonly DeviceId[] {
    return [...this.#connections.keys()]
  }

  async ping(remote: DeviceId, signal: AbortSignal): Promise<number | null> {
    if (this.#open(remote) === undefined || signal.aborted) return null
    const sentAt = this.#world.runtime.timers.elapsed()
    const there = this.#world.view(this.device, remote)
    const back = this.#world.view(remote, this.device)
    const { promise, resolve } = Promise.withResolvers<number | null>()
    const wait = there.cut() || back.cut() ? pingMs : there.delay() + back.delay()
    const timer = this.#world.runtime.timers.after(wait, () => resolve(wait === pingMs || back.cut() ? null : this.#world.runtime.timers.elapsed() - sentAt))
    const give = (): void => resolve(null)
    signal.addEventListener('abort', give)
    return promise.finally(() => {
      signal.removeEventListener('abort', give)
      timer[Symbol.dispose]()
    })
  }

  bar(isBarred: (remote: DeviceId) => boolean): void {
    this.#isBarred = isBarred
  }

  drop(remote: DeviceId, why: string): void {
    for (const { connection, end } of [...(this.#connections.get(remote) ?? [])]) connection.close(end, why)
  }

  /** There are no relays here. */
  /** In memory nothing is counted, and nothing stands between. */
  traffic(): { sent: number; received: number } {
    return { sent: 0, received: 0 }
  }

  async check(): Promise<NetworkFacts> {
    return { families: [], stun: [] }
  }

  nat(): NatKind {
    return 'none'
  }

  acquaint(): void {}

  onNearby(): void {}

  /** Nobody is near in this network: all are reached by what was learned of them. */
  async nearby(): Promise<readonly DeviceId[]> {
    return []
  }

  useRelays(): void {}

  relays(): readonly RelayState[] {
    return []
  }

  standBehind(codes: readonly Uint8Array[]): void {
    this.#codes = codes
    if (this.reachable) this.#world.meetings.stand(this, codes)
  }

  async lookUp(code: Uint8Array, _relays: readonly string[], signal: AbortSignal): Promise<readonly DeviceId[]> {
    if (!this.reachable) throw new AtollError('offline')
    await this.#after(this.#roundTripMs, signal)
    return this.#world.meetings.behind(toHex(code), this.device)
  }

  onFound(call: (code: string, peers: readonly DeviceId[]) => void): void {
    this.#onFound.push(call)
  }

  async setOnline(online: boolean): Promise<void> {
    if (this.#disposed || online === this.#online) return
    this.#online = online
    this.#world.meetings.stand(this, online ? this.#codes : [])
    if (!online) this.#dropAll('the network is switched off')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    this.#world.meetings.stand(this, [])
    this.#dropAll('the node stops')
    this.#world.left(this)
  }

  // ---- what the world and other networks call ------------------------------------------------------------

  connectionsTo(remote: DeviceId): readonly MemoryConnection[] {
    return [...(this.#connections.get(remote) ?? [])].map(({ connection }) => connection)
  }

  betterPath(remote: DeviceId): void {
    if (this.#open(remote) !== undefined) for (const call of this.#onBetterPath) call(remote)
  }

  found(code: string, peers: readonly DeviceId[]): void {
    for (const call of this.#onFound) call(code, peers)
  }

  // ---- dialling --------------------------------------------------------------------------------------------

  /** Two trips: the other side accepts, then this side hears of it. What is lost on the way is missed after 5 s. */
  async #dial(remote: DeviceId, protocol: string, signal: AbortSignal): Promise<FrameStream> {
    const { timers } = this.#world.runtime
    const there = this.#world.view(this.device, remote)
    const back = this.#world.view(remote, this.device)
    await this.#after(there.delay(), signal)
    const peer = this.#world.peer(remote)
    const lost = there.cut() || peer === undefined || !peer.reachable || peer.#isBarred(this.device)
    if (!this.reachable) throw new AtollError('offline')
    if (lost || back.cut()) {
      await this.#after(there.cut() || back.cut() ? dialMs : back.delay(), signal)
      throw this.#unreachable(remote, there.cut() || back.cut() ? 'it did not answer in time' : 'nobody answers there')
    }
    const handler = peer.#handlers.get(protocol)
    if (handler === undefined) {
      await this.#after(back.delay(), signal)
      throw this.#unreachable(remote, `it does not speak ${protocol}`)
    }
    const { connection, end } = this.#open(remote) ?? this.#connect(peer)
    const ends = streamPair(timers, { device: this.device, path: this.#world.path(this.device, remote), out: there }, { device: remote, path: this.#world.path(remote, this.device), out: back })
    connection.add(connection.sideOf(end) === 0 ? [ends.near, ends.far] : [ends.far, ends.near])
    const answer = back.delay()
    ends.far.notBefore(timers.elapsed() + answer)
    handler(ends.far)
    try {
      await this.#after(answer, signal)
    } catch (error) {
      ends.near.close('cancelled')
      throw error
    }
    if (!ends.near.open) throw this.#unreachable(remote, 'the connection broke while it was opened')
    return ends.near
  }

  #connect(peer: MemoryNetwork): { readonly connection: MemoryConnection; readonly end: ConnectionEnd } {
    const near: ConnectionEnd = { link: this.#world.view(this.device, peer.device), lost: () => this.#lost(peer.device, connection) }
    const far: ConnectionEnd = { link: this.#world.view(peer.device, this.device), lost: () => peer.#lost(this.device, connection) }
    const connection = this.#world.connect(near, far)
    peer.#gained(this.device, connection, far)
    this.#gained(peer.device, connection, near)
    return { connection, end: near }
  }

  #gained(remote: DeviceId, connection: MemoryConnection, end: ConnectionEnd): void {
    const known = this.#connections.get(remote)
    if (known !== undefined) {
      known.add({ connection, end })
      return
    }
    this.#connections.set(remote, new Set([{ connection, end }]))
    for (const call of this.#onPeer) call(remote, true)
  }

  #lost(remote: DeviceId, connection: MemoryConnection): void {
    const known = this.#connections.get(remote)
    for (const held of known ?? []) if (held.connection === connection) known?.delete(held)
    if (known === undefined || known.size > 0) return
    this.#connections.delete(remote)
    for (const call of this.#onPeer) call(remote, false)
  }

  #open(remote: DeviceId): { readonly connection: MemoryConnection; readonly end: ConnectionEnd } | undefined {
    return [...(this.#connections.get(remote) ?? [])].find(({ connection }) => connection.open)
  }

  #dropAll(why: string): void {
    for (const remote of this.connected()) this.drop(remote, why)
  }

  #roundTrip(remote: DeviceId): number {
    return this.#world.view(this.device, remote).delay() + this.#world.view(remote, this.device).delay()
  }

  get #roundTripMs(): number {
    return 2 * this.#world.view(this.device, this.device).delay()
  }

  #unreachable(remote: DeviceId, why: string): AtollError {
    return new AtollError('peer_unreachable', { name: remote.slice(0, 8), why })
  }

  #record(remote: DeviceId, outcome: PathAttempt['outcome'], why: string): void {
    const attempt: PathAttempt = { kind: this.#world.path(this.device, remote), address: `/memory/${remote}`, outcome, why }
    this.#attempts.set(remote, [attempt, ...this.attempts(remote)].slice(0, attemptsKept))
  }

  #after(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    const timer = this.#world.runtime.timers.after(ms, () => resolve(undefined))
    const cancel = (): void => {
      timer[Symbol.dispose]()
      reject(new AtollError('cancelled'))
    }
    if (signal.aborted) cancel()
    else signal.addEventListener('abort', cancel)
    return promise.finally(() => signal.removeEventListener('abort', cancel))
  }
}
