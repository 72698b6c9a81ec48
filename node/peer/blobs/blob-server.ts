/** Answers one peer's questions about chunks on one stream, one after another, no quicker than the stream takes them. */
import { blobAnswer, blobRequest, chunkFrame, holdsFrame } from '../../../crdt/blobs/frames.ts'
import { decode, encode } from '../../../crdt/wire/codec.ts'
import type { BlobId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { Handover } from '../mesh-handshake.ts'

/** Chunks that are read while one is sent. */
const readAhead = 3

export interface BlobServerNeeds {
  readonly store: Pick<BlobStore, 'has' | 'read'>
  /** Whether the other side may still read what is in this mesh. */
  readonly mayRead: () => boolean
  readonly sent: (bytes: number) => void
  /** The store refused. */
  readonly failed: (error: unknown) => void
  /** Called once. */
  readonly closed: () => void
}

interface Due {
  readonly id: BlobId
  reading: Promise<Uint8Array | undefined> | undefined
}

type Task = { readonly type: 'has'; readonly ids: readonly BlobId[] } | ({ readonly type: 'want' } & Due)

const missing = encode(blobAnswer, { type: 'missing' })

/** Serves until the stream closes. */
export function serveBlobs({ stream, onFrame, onClose }: Handover, { store, mayRead, sent, failed, closed }: BlobServerNeeds): void {
  const tasks: Task[] = []
  let asked = 0
  let open = true
  let running = false
  onClose(() => {
    open = false
    tasks.length = 0
    closed()
  })
  onFrame((frame) => {
    const request = decode(blobRequest, frame)
    if (!request.ok) return stream.close('malformed')
    const { type, ids } = request.value
    asked += ids.length
    // What is asked for is the credit: an honest peer never has more open than this.
    if (asked > limits.blobsAskedPerStream * 2) return stream.close('too much asked at once')
    if (type === 'has') tasks.push({ type, ids })
    else for (const id of ids) tasks.push({ type, id, reading: undefined })
    if (!running) void run()
  })

  async function run(): Promise<void> {
    running = true
    try {
      for (let task = tasks.shift(); task && open; task = tasks.shift()) {
        if (!mayRead()) return stream.close('not admitted')
        await stream.room()
        if (task.type === 'has') stream.send(holdsFrame(store.has(task.ids)))
        else await give(task)
        asked -= task.type === 'has' ? task.ids.length : 1
      }
    } catch (error) {
      // Others hold it too, perhaps; this stream is of no use now.
      failed(error)
      stream.close('storage')
    } finally {
      running = false
    }
  }

  async function give(task: Due): Promise<void> {
    for (const next of tasks.slice(0, readAhead)) if (next.type === 'want') next.reading ??= read(next.id)
    const bytes = await (task.reading ?? read(task.id))
    stream.send(bytes ? chunkFrame(bytes) : missing)
    if (bytes) sent(bytes.length)
  }

  function read(id: BlobId): Promise<Uint8Array | undefined> {
    const reading = store.read(id)
    // It is awaited in its turn; until then its failure must not count as unhandled.
    reading.catch(() => undefined)
    return reading
  }
}
