/** A device that keeps to nothing: a real key on real libp2p without limits of its own, and on it whatever bytes a test sends. */
import { randomBytes } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Libp2p, Stream } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { toHex, type DeviceId } from '../../crdt/wire/ids.ts'
import { FrameDecoder } from '../../node/host/libp2p/frame-decoder.ts'
import { silentLogger } from '../../node/host/libp2p/silent-logger.ts'

const patienceMs = 30_000
/** Once nothing was taken for so long, the other side reads no more. */
const fullMs = 1_000

/** libp2p that neither counts nor refuses anything. */
export async function lawlessNode(seed: Uint8Array = new Uint8Array(randomBytes(32)), services: NonNullable<Libp2pOptions['services']> = {}): Promise<Libp2p> {
  const unlimited = Number.MAX_SAFE_INTEGER
  return createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    logger: silentLogger,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxInboundStreams: unlimited, maxOutboundStreams: unlimited, maxEarlyStreams: unlimited })],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { maxConnections: unlimited, inboundConnectionThreshold: unlimited, maxIncomingPendingConnections: unlimited },
    connectionMonitor: { enabled: false },
    // It answers pings, or it would be taken for dead.
    services: { ping: ping({ maxInboundStreams: unlimited }), ...services },
  })
}

export class HostilePeer implements AsyncDisposable {
  readonly device: DeviceId
  readonly node: Libp2p

  private constructor(node: Libp2p) {
    this.node = node
    this.device = toHex(node.peerId.publicKey?.raw ?? new Uint8Array()) as DeviceId
  }

  /** @param seed the key of the device it is, or pretends to be no longer bound by */
  static async start(seed?: Uint8Array): Promise<HostilePeer> {
    return new HostilePeer(await lawlessNode(seed))
  }

  /** Opens a stream over the one connection to an address. */
  async open(address: string, protocol: string): Promise<HostileStream> {
    const signal = AbortSignal.timeout(patienceMs)
    const connection = await this.node.dial(multiaddr(address), { signal })
    return new HostileStream(await connection.newStream(protocol, { signal, maxOutboundStreams: Number.MAX_SAFE_INTEGER }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.node.stop()
  }
}

/** One stream, down to its bytes. */
export class HostileStream {
  readonly frames: Uint8Array[] = []
  /** How the other side ended it. */
  readonly ended: Promise<'closed' | 'reset'>
  readonly #stream: Stream
  #waiting: (() => void) | undefined
  #over: 'closed' | 'reset' | undefined

  constructor(stream: Stream) {
    this.#stream = stream
    const { promise, resolve } = Promise.withResolvers<'closed' | 'reset'>()
    this.ended = promise
    const end = (how: 'closed' | 'reset'): void => {
      this.#over ??= how
      resolve(how)
      this.#waiting?.()
    }
    stream.addEventListener('close', ({ error }) => end(error === undefined ? 'closed' : 'reset'))
    stream.addEventListener('remoteCloseWrite', () => end('closed'))
    if (stream.status !== 'open') end('reset')
    const decoder = new FrameDecoder(2 ** 20, (frame) => {
      this.frames.push(frame.slice())
      this.#waiting?.()
    })
    stream.addEventListener('message', ({ data }) => void decoder.push(data.subarray()))
  }

  get isOver(): boolean {
    return this.#over !== undefined
  }

  /** From now on it takes nothing. */
  stall(): void {
    this.#stream.pause()
  }

  /** One frame behind its length. */
  send(frame: Uint8Array): boolean {
    return this.raw(framed(frame))
  }

  /** Bytes as they are. @returns whether more would be taken at once */
  raw(bytes: Uint8Array): boolean {
    if (this.#over !== undefined || this.#stream.status !== 'open' || this.#stream.writeStatus !== 'writable') return false
    return this.#stream.send(bytes)
  }

  /** Sends the same bytes again and again, as long as they are taken. @returns how many bytes were */
  async pour(bytes: Uint8Array, total: number): Promise<number> {
    let sent = 0
    while (sent < total && this.#over === undefined) {
      sent += bytes.length
      if (!this.raw(bytes) && !(await this.#drained())) break
    }
    return sent
  }

  /** The frame after those that were taken before; undefined when the stream ended first. */
  async next(): Promise<Uint8Array | undefined> {
    while (this.frames.length === 0 && this.#over === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting = resolve
      await promise
    }
    return this.frames.shift()
  }

  #drained(): Promise<boolean> {
    if (this.#over !== undefined || this.#stream.status !== 'open') return Promise.resolve(false)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const done = new AbortController()
    this.#stream.addEventListener('drain', () => resolve(true), { signal: done.signal })
    this.#stream.addEventListener('close', () => resolve(false), { signal: done.signal })
    AbortSignal.timeout(fullMs).addEventListener('abort', () => resolve(false), { signal: done.signal })
    return promise.finally(() => done.abort())
  }
}

/** A frame behind its length, which may be any. */
export function framed(frame: Uint8Array, length = frame.length): Uint8Array {
  const varint: number[] = []
  let rest = length
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) varint.push((rest % 0x80) | 0x80)
  return Uint8Array.from([...varint, rest, ...frame])
}
