import { StreamState, YamuxStream } from '@libp2p/yamux/stream'
import type { Stream } from '@libp2p/interface'

/** A quarter of the smallest window: far from where the other side would have to wait. */
const updateBytes = 64 * 1024

/**
 * Keeps a stream from answering every frame with a window update, which for small frames doubles the packets, as
 * other implementations of yamux do not either.
 * @returns to be called with how many bytes were taken from the stream
 */
export function spareWindowUpdates(stream: Stream): (bytes: number) => void {
  if (!(stream instanceof YamuxStream)) return () => undefined
  const update = stream.sendWindowUpdate.bind(stream)
  let taken = 0
  // Until the stream is established, an update carries the flags that make it so.
  stream.sendWindowUpdate = () => {
    if (stream.state !== StreamState.Established) update()
  }
  return (bytes) => {
    taken += bytes
    if (taken < updateBytes || stream.status !== 'open') return
    taken = 0
    update()
  }
}
