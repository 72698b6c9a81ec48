/** Answers one peer's questions about chunks on one stream, one after another, no quicker than the stream takes them. */
import { blobAnswer, blobRequest, chunkFrame, holdsFrame } from '../../../crdt/blobs/frames.ts'
import { decode, encode } from '../../../crdt/wire/codec.ts'
import type { BlobId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { Handover } from '../mesh-handshake.ts'

/** So many chunks are read at once, while those before are sent. */
const readAtOnce = 16

export interface BlobServerNeeds {
  readonly store: Pick<BlobStore, 'has' | 'read'>
  /** Whether the other side may still read what is in this mesh. */
  readonly mayRead: () => boolean
  readonly sent: (bytes: number) => void
  /** The other side sent what only a faulty or hostile one sends. */
  readonly onFault: (why: string) => void
  /** The store refused. */
  readonly failed: (error: unknown) => void
  /** Called once. */
  readonly closed: () => void
}

type Task = { readonly type: 'has' | 'want'; readonly ids: readonly BlobId[] }

const missing = encode(blobAnswer, { type: 'missing' })

/** Serves until the stream closes. */
export function serveBlobs({ stream, onFrame, onClose }: Handover, { store, mayRead, sent, onFault, failed, closed }: BlobServerNeeds): void {
  const tasks: Task[] = []
  /** What the next task wants, being read. */
  let reading: { readonly task: Task; readonly chunks: ReturnType<BlobStore['read']> } | undefined
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
    if (!request.ok) return fault('malformed', 'file_malformed')
    const { type, ids } = request.value
    asked += ids.length
    // What is asked for is the credit: an honest peer never has more open than this.
    if (asked > limits.blobsAskedPerStream * 2) return fault('too much asked at once', 'file_flood')
    if (type === 'has') tasks.push({ type, ids })
    else for (let at = 0; at < ids.length; at += readAtOnce) tasks.push({ type, ids: ids.slice(at, at + readAtOnce) })
    if (!running) void run()
  })

  function fault(why: string, offence: string): void {
    stream.close(why)
    onFault(offence)
  }

  async function run(): Promise<void> {
    running = true
    try {
      for (let task = tasks.shift(); task && open; task = tasks.shift()) {
        if (!mayRead()) return stream.close('not admitted')
        if (task.type === 'has') stream.send(holdsFrame(store.has(task.ids)))
        else await give(task)
        asked -= task.ids.length
        await stream.room()
      }
    } catch (error) {
      // Others hold it too, perhaps; this stream is of no use now.
      failed(error)
      stream.close('storage')
    } finally {
      running = false
    }
  }

  async function give(task: Task): Promise<void> {
    const chunks = await (reading?.task === task ? reading.chunks : store.read(task.ids))
    const next = tasks.find(({ type }) => type === 'want')
    reading = next && { task: next, chunks: store.read(next.ids) }
    // It is awaited in its turn; until then its failure must not count as unhandled.
    reading?.chunks.catch(() => undefined)
    for (const bytes of chunks) {
      await stream.room()
      stream.send(bytes ? chunkFrame(bytes) : missing)
      sent(bytes?.length ?? 0)
    }
  }
}
