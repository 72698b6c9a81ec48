import type { Stream, StreamHandler } from '@libp2p/interface'
import { lpStream, type LengthPrefixedStream } from '@libp2p/utils'
import { decode, encode } from '../crdt/wire/codec.ts'
import { limits as wire } from '../crdt/wire/limits.ts'
import { rendezvousAnswer, rendezvousRequest, type RendezvousAnswer } from '../crdt/wire/rendezvous.ts'
import type { Budgets } from './budget.ts'
import type { Counters, RefusalReason } from './counters.ts'
import { bytesKey, peerKey } from './peer-connections.ts'
import type { RelayClock } from './relay-clock.ts'
import type { RelayLimits } from './relay-limits.ts'
import { errorKind, type RelayLog } from './relay-log.ts'
import { RendezvousTable } from './rendezvous-table.ts'

/** The largest request that its codec allows, and no more: two full lists of codes. */
const requestBytes = 2 * (wire.codesPerPeer * 32 + 2) + 2

export interface RendezvousParts {
  readonly limits: RelayLimits
  readonly clock: RelayClock
  readonly log: RelayLog
  readonly counters: Counters
  readonly stands: Budgets
  readonly stopping: AbortSignal
}

export interface Rendezvous {
  readonly handle: StreamHandler
  readonly codes: number
  readonly watchers: number
}

interface Client {
  readonly stream: Stream
  readonly framed: LengthPrefixedStream<Stream>
  /** Whether answers are being written: one writer per client, which takes what is due when it gets to it. */
  writing: boolean
}

/**
 * Serves `protocols.rendezvous`. A peer has one stream: a newer one replaces the older, which is told `replaced`
 * and closed, so a device that reconnects is never shut out by its own former self.
 *
 * Nothing is queued for a slow watcher: what is due is a set of codes, and the answer is made when the stream
 * takes it. One that takes nothing for `answerMs` is cut.
 */
export function serveRendezvous(parts: RendezvousParts): Rendezvous {
  const { limits, clock, log, counters } = parts
  const table = new RendezvousTable(wire.peersPerCode)
  const clients = new Map<string, Client>()
  let telling: (() => void) | undefined

  return {
    get codes() {
      return table.codes
    },
    get watchers() {
      return table.watchers
    },
    handle: async (stream, connection) => {
      const peer = connection.remotePeer.toMultihash().bytes
      const key = peerKey(connection.remotePeer)
      const client: Client = { stream, framed: lpStream(stream, { maxDataLength: requestBytes, maxBufferSize: 16 * requestBytes }), writing: false }
      const former = clients.get(key)
      clients.set(key, client)
      try {
        if (former !== undefined) void end(former, 'replaced')
        await listen(key, peer, client)
      } catch (error) {
        log.debug('rendezvous_ended', { error: errorKind(error) })
        stream.abort(error instanceof Error ? error : new Error(String(error)))
      } finally {
        if (clients.get(key) === client) {
          clients.delete(key)
          table.leave(key)
          tellSoon()
        }
      }
    },
  }

  /** Reads requests until the client closes or breaks a rule. */
  async function listen(key: string, peer: Uint8Array, client: Client): Promise<void> {
    while (clients.get(key) === client) {
      const bytes = await read(client)
      if (bytes === undefined || clients.get(key) !== client) return
      const request = decode(rendezvousRequest, bytes)
      if (!request.ok) return refuse(client, request.problem === 'too_long' ? 'too_many_codes' : 'malformed')
      table.stand(key, peer, request.value.behind.map(bytesKey), request.value.watch.map(bytesKey))
      void write(key, client)
      tellSoon()
      // A client in a hurry is read more slowly; what it sends meanwhile waits at its end.
      const wait = parts.stands.of(key, clock.now()).spend(1, clock.now())
      if (wait > 0) await new Promise<void>((resolve) => void clock.after(wait, resolve))
    }
  }

  /** undefined: the client closed its half, or said nothing more. */
  async function read(client: Client): Promise<Uint8Array | undefined> {
    try {
      return (await client.framed.read({ signal: parts.stopping })).subarray()
    } catch (error) {
      const { stream } = client
      if (error instanceof Error && error.name.startsWith('InvalidDataLength')) {
        await refuse(client, 'too_many_codes')
        return undefined
      }
      if (stream.status === 'open' && stream.remoteWriteStatus === 'writable') throw error
      await stream.close({ signal: AbortSignal.timeout(limits.answerMs) })
      return undefined
    }
  }

  async function refuse(client: Client, reason: RefusalReason): Promise<void> {
    counters.refuse(reason)
    await end(client, reason)
  }

  /** Says why and closes. Never rejects. */
  async function end({ stream, framed }: Client, reason: RefusalReason | 'replaced'): Promise<void> {
    const signal = AbortSignal.timeout(limits.answerMs)
    try {
      await framed.write(encode(rendezvousAnswer, { type: 'refused', reason }), { signal })
      await stream.close({ signal })
    } catch (error) {
      log.debug('refusal_not_delivered', { error: errorKind(error) })
      stream.abort(new Error(reason))
    }
  }

  function tellSoon(): void {
    telling ??= clock.after(limits.coalesceMs, () => {
      telling = undefined
      for (const key of table.due()) {
        const client = clients.get(key)
        if (client !== undefined) void write(key, client)
      }
    })
  }

  /** Writes what is due to a client until nothing is. Never rejects. */
  async function write(key: string, client: Client): Promise<void> {
    if (client.writing) return
    client.writing = true
    try {
      while (clients.get(key) === client) {
        const code = table.takeDue(key)
        if (code === undefined) return
        const answer: RendezvousAnswer = { type: 'peers', code: Buffer.from(code, 'base64'), peers: table.answer(key, code) }
        await client.framed.write(encode(rendezvousAnswer, answer), { signal: AbortSignal.timeout(limits.answerMs) })
      }
    } catch (error) {
      if (client.stream.status === 'open') counters.refuse('slow_reader')
      log.debug('watcher_cut', { error: errorKind(error) })
      client.stream.abort(error instanceof Error ? error : new Error(String(error)))
    } finally {
      client.writing = false
    }
  }
}
