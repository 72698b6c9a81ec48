import type { Stream } from '@libp2p/interface'

export const pingProtocol = '/ipfs/ping/1.0.0'
/** A peer needs one at a time. */
export const pingStreams = 2

/**
 * Sends back what comes, for as long as the peer keeps the stream open. libp2p's own service ends it after ten
 * seconds, and opening another for each ping of a thousand peers was most of what an idle relay did.
 */
export async function answerPings(stream: Stream): Promise<void> {
  try {
    for await (const ping of stream) if (!stream.send(ping)) throw new Error('pings are not read')
    await stream.close()
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
  }
}
