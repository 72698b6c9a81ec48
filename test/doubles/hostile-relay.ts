/** A relay that lies: circuits and rendezvous as the protocols have them, except for what a test makes it do. */
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { decode, encode } from '../../crdt/wire/codec.ts'
import { protocols } from '../../crdt/wire/protocols.ts'
import { rendezvousAnswer, rendezvousRequest } from '../../crdt/wire/rendezvous.ts'
import { hopAnswer, hopProtocol, hopReserved, hopStatus, readHopRequest, stopConnect, stopProtocol } from '../../relay/hop-messages.ts'
import { toHex } from '../../crdt/wire/ids.ts'
import { lawlessNode } from './hostile-peer.ts'

const patienceMs = 20_000

/** What it may do; what is left out it does as it should. */
export interface Lies {
  /** Until when a reservation lasts, milliseconds since 1970. */
  expires?: () => number
  /** Bytes that stand for the answer to a reservation. */
  reserved?: () => Uint8Array
  /** Whom a caller gets who asks for `wanted`: peer ids in bytes. */
  joins?: (wanted: Uint8Array) => Uint8Array
  /** As whom it brings a caller. */
  names?: (caller: Uint8Array) => Uint8Array
  /** What becomes of the n-th chunk that passes through a circuit: what is sent on, at once or later. */
  passes?: (chunk: Uint8Array, n: number, send: (chunk: Uint8Array) => void) => void
  /** The frames that answer who stands behind a code, instead of the truth. */
  answers?: (code: Uint8Array, truth: readonly Uint8Array[]) => readonly Uint8Array[]
}

export class HostileRelay implements AsyncDisposable {
  readonly #node: Libp2p
  readonly lies: Lies
  /** How often each thing was asked of it. */
  readonly asked = { reserve: 0, connect: 0, stand: 0 }
  /** Every chunk that passed. */
  chunks = 0
  readonly #behind = new Map<string, Map<string, Uint8Array>>()

  private constructor(node: Libp2p, lies: Lies) {
    this.#node = node
    this.lies = lies
  }

  static async start(lies: Lies = {}): Promise<HostileRelay> {
    const relay = new HostileRelay(await lawlessNode(undefined, { identify: identify() }), lies)
    const many = { maxInboundStreams: 10_000, maxOutboundStreams: 10_000 }
    await relay.#node.handle(hopProtocol, (stream, connection) => relay.#hop(stream, connection).catch(() => stream.abort(new Error('given up'))), many)
    await relay.#node.handle(protocols.rendezvous, (stream, connection) => relay.#rendezvous(stream, connection).catch(() => stream.abort(new Error('given up'))), many)
    return relay
  }

  get address(): string {
    return this.#node.getMultiaddrs()[0]?.toString() ?? ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#node.stop()
  }

  async #hop(stream: Stream, connection: Connection): Promise<void> {
    const signal = AbortSignal.timeout(patienceMs)
    const framed = lpStream(stream)
    const request = readHopRequest((await framed.read({ signal })).subarray())
    if (request?.type === 'reserve') {
      this.asked.reserve++
      await framed.write(this.lies.reserved?.() ?? hopReserved(this.lies.expires?.() ?? Date.now() + 3_600_000, []), { signal })
      return stream.close({ signal })
    }
    if (request?.type !== 'connect') throw new Error('not understood')
    this.asked.connect++
    const wanted = toHex(this.lies.joins?.(request.peer) ?? request.peer)
    const to = this.#node.getConnections().find(({ remotePeer }) => toHex(remotePeer.toMultihash().bytes) === wanted)
    if (to === undefined) return framed.write(hopAnswer(hopStatus.noReservation), { signal })
    const far = lpStream(await to.newStream(stopProtocol, { signal, maxOutboundStreams: 10_000 }))
    const caller = connection.remotePeer.toMultihash().bytes
    await far.write(stopConnect(this.lies.names?.(caller) ?? caller), { signal })
    await far.read({ signal })
    await framed.write(hopAnswer(hopStatus.ok), { signal })
    const [near, distant] = [framed.unwrap(), far.unwrap()]
    this.#pass(near, distant)
    this.#pass(distant, near)
  }

  #pass(from: Stream, to: Stream): void {
    let n = 0
    const send = (chunk: Uint8Array): void => {
      if (to.status === 'open' && to.writeStatus === 'writable') to.send(chunk)
    }
    from.addEventListener('message', ({ data }) => {
      this.chunks++
      const chunk = data.subarray()
      if (this.lies.passes) this.lies.passes(chunk, n++, send)
      else send(chunk)
    })
    from.addEventListener('close', () => to.abort(new Error('the other end is gone')))
  }

  async #rendezvous(stream: Stream, connection: Connection): Promise<void> {
    const framed = lpStream(stream)
    const peer = connection.remotePeer.toMultihash().bytes
    for (;;) {
      const request = decode(rendezvousRequest, (await framed.read()).subarray())
      if (!request.ok) throw new Error('not understood')
      this.asked.stand++
      for (const code of request.value.behind) this.#at(code).set(toHex(peer), peer)
      for (const code of request.value.watch) {
        const truth = [...this.#at(code).values()].filter((other) => toHex(other) !== toHex(peer))
        const honest = encode(rendezvousAnswer, { type: 'peers', code, peers: truth })
        for (const frame of this.lies.answers?.(code, truth) ?? [honest]) await framed.write(frame)
      }
    }
  }

  #at(code: Uint8Array): Map<string, Uint8Array> {
    const at = this.#behind.get(toHex(code)) ?? new Map<string, Uint8Array>()
    this.#behind.set(toHex(code), at)
    return at
  }
}
