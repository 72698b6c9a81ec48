import { networkInterfaces } from 'node:os'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { toHex, type DeviceId } from '../../crdt/wire/ids.ts'
import { AtollError } from '../ports/errors.ts'
import type { Log } from '../ports/log.ts'
import type { Acquaintance, FrameStream, Network, NetworkFacts, PeerPath } from '../ports/network.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { NatKind, PathAttempt, RelayState } from '../ports/services.ts'
import { AddressBook } from './libp2p/address-book.ts'
import { Attempts } from './libp2p/attempts.ts'
import { isPeer } from './libp2p/connections.ts'
import { cannotListen, everyFamily, listenMultiaddr, onOnePort, portOf, withPort } from './libp2p/listen-addresses.ts'
import { checkNetwork } from './libp2p/network-check.ts'
import { Session } from './libp2p/session.ts'
import { whyOf } from './libp2p/why.ts'

export interface Libp2pNetworkOptions {
  /** The device's 32-byte Ed25519 seed: the libp2p key is the device key. */
  readonly seed: Uint8Array
  /** `HOST:PORT` each, for TCP; port 0 picks one, which is kept as long as the process lives. */
  readonly listen: readonly string[]
  /** The same for WebSocket. */
  readonly listenWs: readonly string[]
  readonly runtime: Runtime
  readonly log: Log
  readonly online: boolean
  /** The addresses of this machine; a change of them is a move to another network. Asked every second. */
  readonly ownAddresses?: () => readonly string[]
  /** Whether WebRTC may be used with those whom the network was acquainted with; asked each time. Default: yes. */
  readonly webRtc?: () => boolean
  /** Whether to find and be found on the local network; asked each time. Default: no. */
  readonly lan?: () => boolean
}

/** Opens the network of a device over libp2p. Throws bad_input when it cannot listen. */
export async function openLibp2pNetwork(options: Libp2pNetworkOptions): Promise<Network> {
  const key = await generateKeyPairFromSeed('Ed25519', options.seed)
  const network = new Libp2pNetwork(options, key)
  await network.setOnline(options.online)
  return network
}

class Libp2pNetwork implements Network {
  readonly device: DeviceId
  readonly #options: Libp2pNetworkOptions
  readonly #key: PrivateKey
  readonly #book = new AddressBook()
  readonly #attempts = new Attempts()
  readonly #handlers = new Map<string, (stream: FrameStream) => void>()
  readonly #onPeer: ((remote: DeviceId, up: boolean) => void)[] = []
  readonly #onBetterPath: ((remote: DeviceId) => void)[] = []
  readonly #onNearby: ((remote: DeviceId) => void)[] = []
  readonly #onFound: ((code: string, peers: readonly DeviceId[]) => void)[] = []
  readonly #asked: readonly string[]
  #listen: readonly string[]
  #relays: readonly string[] = []
  #acquaintance: Acquaintance = { has: () => false, all: () => [] }
  #isBarred: (remote: DeviceId) => boolean = () => false
  #codes: readonly Uint8Array[] = []
  #session: Session | undefined
  #switching: Promise<void> = Promise.resolve()
  #disposed = false

  constructor(options: Libp2pNetworkOptions, key: PrivateKey) {
    this.#options = options
    this.#key = key
    this.device = toHex(key.publicKey.raw) as DeviceId
    this.#asked = [...options.listen.map((text) => listenMultiaddr(text, 'tcp')), ...options.listenWs.map((text) => listenMultiaddr(text, 'ws'))]
    this.#listen = this.#asked
  }

  addresses(): readonly string[] {
    return this.#session?.addresses() ?? []
  }

  learn(remote: DeviceId, addresses: readonly string[]): void {
    if (this.#book.learn(remote, addresses)) this.#session?.learned(remote)
  }

  async open(remote: DeviceId, protocol: string, signal: AbortSignal): Promise<FrameStream> {
    return this.#on().open(remote, protocol, signal)
  }

  handle(protocol: string, handler: (stream: FrameStream) => void): void {
    const known = this.#handlers.has(protocol)
    this.#handlers.set(protocol, handler)
    if (!known) this.#session?.handle(protocol).catch((error: unknown) => this.#options.log.error('handle_failed', { protocol, error: String(error) }))
  }

  onPeer(call: (remote: DeviceId, up: boolean) => void): void {
    this.#onPeer.push(call)
  }

  onBetterPath(call: (remote: DeviceId) => void): void {
    this.#onBetterPath.push(call)
  }

  path(remote: DeviceId): PeerPath {
    const best = this.#session?.connections.best(remote, isPeer)
    if (best === undefined) return { path: 'none', address: null, rtt_ms: null }
    return { path: best.path, address: best.connection.remoteAddr.toString(), rtt_ms: best.rttMs }
  }

  attempts(remote: DeviceId): readonly PathAttempt[] {
    const open = this.#session?.connections.of(remote) ?? []
    return [
      ...open.map(({ path, connection }, index): PathAttempt => ({ kind: path, address: connection.remoteAddr.toString(), outcome: index === 0 ? 'in use' : 'available', why: connection.direction === 'outbound' ? 'we dialled it' : 'it dialled us' })),
      ...this.#attempts.of(remote),
    ]
  }

  connected(): readonly DeviceId[] {
    return this.#session?.connections.connected() ?? []
  }

  async ping(remote: DeviceId, signal: AbortSignal): Promise<number | null> {
    const { promise, resolve } = Promise.withResolvers<null>()
    const giveUp = (): void => resolve(null)
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp)
    try {
      return await Promise.race([this.#session?.ping(remote) ?? null, promise])
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  bar(isBarred: (remote: DeviceId) => boolean): void {
    this.#isBarred = isBarred
  }

  drop(remote: DeviceId, why: string): void {
    this.#session?.drop(remote, why)
  }

  traffic(remote: DeviceId): { readonly sent: number; readonly received: number } {
    return this.#session?.streams.traffic(remote) ?? { sent: 0, received: 0 }
  }

  async check(signal: AbortSignal): Promise<NetworkFacts> {
    return this.#session === undefined ? { families: [], stun: [] } : await checkNetwork(this.#session.relays, this.#options.runtime, signal)
  }

  nat(): NatKind {
    return this.#session?.nat.kind ?? 'unknown'
  }

  acquaint(acquaintance: Acquaintance): void {
    this.#acquaintance = acquaintance
  }

  onNearby(call: (remote: DeviceId) => void): void {
    this.#onNearby.push(call)
  }

  async nearby(signal: AbortSignal): Promise<readonly DeviceId[]> {
    return (await this.#session?.nearby(signal)) ?? []
  }

  useRelays(addresses: readonly string[]): void {
    this.#relays = addresses
    this.#session?.relays.use(addresses)
  }

  relays(): readonly RelayState[] {
    const off = (address: string): RelayState => ({ address, connected: false, reserved: false, rtt_ms: null, error: 'the network is switched off' })
    return this.#session?.relays.states() ?? this.#relays.map(off)
  }

  standBehind(codes: readonly Uint8Array[]): void {
    this.#codes = codes
    this.#session?.stand(codes)
  }

  async lookUp(code: Uint8Array, relays: readonly string[], signal: AbortSignal): Promise<readonly DeviceId[]> {
    return this.#on().relays.lookUp(code, relays, signal)
  }

  onFound(call: (code: string, peers: readonly DeviceId[]) => void): void {
    this.#onFound.push(call)
  }

  /** One switch after the other, however quickly they are asked for. */
  setOnline(online: boolean): Promise<void> {
    const before = this.#switching
    const switched = before.then(() => (online ? this.#start() : this.#stop()))
    this.#switching = switched.catch(() => {}) // whoever asked hears of it; the next switch stands for itself
    return switched
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    await this.setOnline(false)
  }

  #on(): Session {
    if (this.#session === undefined) throw new AtollError('offline')
    return this.#session
  }

  async #start(): Promise<void> {
    if (this.#session !== undefined || this.#disposed) return
    const session = await this.#listening()
    this.#session = session
    const listeners = [...session.listeners()]
    this.#listen = this.#asked.map((address) => {
      const [[first] = []] = listeners.splice(0, everyFamily(address).length)
      return withPort(address, first === undefined ? 0 : portOf(first))
    })
    session.relays.use(this.#relays)
    session.stand(this.#codes)
  }

  /** The same ports as before; where one has been taken meanwhile, what was asked for at first. */
  async #listening(): Promise<Session> {
    const again = this.#listen !== this.#asked
    try {
      return await this.#open(this.#listen)
    } catch (error) {
      if (!again) throw cannotListen(this.#asked.join(', '), whyOf(error), error)
      this.#options.log.warn('port_taken', { why: whyOf(error) })
    }
    try {
      return await this.#open(this.#asked)
    } catch (error) {
      throw cannotListen(this.#asked.join(', '), whyOf(error), error)
    }
  }

  async #open(listen: readonly string[]): Promise<Session> {
    const each = await Promise.all(listen.map(onOnePort))
    return await Session.start({
      device: this.device,
      key: this.#key,
      listen: each.flatMap((address) => everyFamily(address)),
      runtime: this.#options.runtime,
      log: this.#options.log,
      book: this.#book,
      attempts: this.#attempts,
      handlers: this.#handlers,
      onPeer: (remote, up) => this.#onPeer.forEach((call) => call(remote, up)),
      onBetter: (remote) => this.#onBetterPath.forEach((call) => call(remote)),
      onFound: (code, peers) => this.#onFound.forEach((call) => call(code, peers)),
      ownAddresses: this.#options.ownAddresses ?? ownAddresses,
      acquaintance: () => this.#acquaintance,
      isBarred: (remote) => this.#isBarred(remote),
      onNearby: (remote) => this.#onNearby.forEach((call) => call(remote)),
      webRtc: this.#options.webRtc ?? (() => true),
      lan: this.#options.lan ?? (() => false),
    })
  }

  async #stop(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    await session?.[Symbol.asyncDispose]()
  }
}

/** The addresses of this machine, in a fixed order; link-local ones come and go with every container. */
function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses)
  return all.filter(({ address }) => !address.startsWith('fe80')).map(({ address }) => address).toSorted()
}
