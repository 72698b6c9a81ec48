/** The world that a network's contract runs in, and two peers with a stream between them. */
import type { DeviceId } from '../../crdt/wire/ids.ts'
import type { FrameStream, Network } from '../../node/ports/network.ts'
import type { Path } from '../../node/ports/services.ts'

/** A place where networks meet, and what a test may do to it. */
export interface NetworkWorld extends AsyncDisposable {
  /** How peers reach each other here. */
  readonly path: Path
  /** A new device, online. */
  peer(): Promise<Network>
  /** `a` learns where `b` is; where they have to meet first, they have met. */
  introduce(a: Network, b: Network): void | Promise<void>
  /** `to` takes nothing more of what `from` sends. Missing where the world cannot do that. */
  readonly stall?: (from: Network, to: Network) => void
  /** Lets time pass until the promise is settled. */
  settled<T>(promise: Promise<T>): Promise<T>
  /** Lets time pass until the condition holds. */
  until(condition: () => boolean, what: string): Promise<void>
}

export const protocol = '/atoll/contract/1'
export const never = new AbortController().signal
export const nobody = 'ab'.repeat(32) as DeviceId

/** Runs a test in a world of its own. */
export const inEach = (openWorld: () => Promise<NetworkWorld>) => (body: (world: NetworkWorld) => Promise<void>) => async (): Promise<void> => {
  await using world = await openWorld()
  await body(world)
}

/** One end of a stream, and what came to it. */
export interface End {
  readonly stream: FrameStream
  readonly frames: Uint8Array[]
  readonly closed: string[]
}

/** Two peers and a stream between them. */
export async function pair(world: NetworkWorld): Promise<{ a: Network; b: Network; near: End; far: End }> {
  const [a, b] = [await world.peer(), await world.peer()]
  const ends: End[] = []
  b.handle(protocol, (stream) => ends.push(watch(stream)))
  await world.introduce(a, b)
  const near = watch(await world.settled(a.open(b.device, protocol, never)))
  await world.until(() => ends.length === 1, 'the stream at the other side')
  return { a, b, near, far: ends[0]! }
}

function watch(stream: FrameStream): End {
  const end: End = { stream, frames: [], closed: [] }
  stream.onFrame((frame) => end.frames.push(frame))
  stream.onClose((why) => end.closed.push(why))
  return end
}
