/** How much of a file is here, and who else says that they hold it. */
import type { FileRow } from '../../../crdt/docs/files.ts'
import type { BlobId, DeviceId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Timers } from '../../ports/runtime.ts'
import type { FileStatus } from '../../ports/services.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

/** A peer that has not answered by then is reported as not having answered. */
const answerMs = 5_000
/** Of a larger file only so many chunks are asked about: the count is then a lower bound. */
const mostAsked = 100_000

export async function fileStatus(mesh: RunningMesh, { file }: FileRow, timers: Timers, signal: AbortSignal): Promise<Pick<FileStatus, 'here_bytes' | 'chunks' | 'here_chunks' | 'kept' | 'fetching' | 'peers'>> {
  const { files } = mesh
  const known = new Set<BlobId>()
  let [hereBytes, hereChunks] = [0, 0]
  for await (const { refs, here, level } of files.known(file.root, file.key)) {
    refs.forEach(({ id, length }, i) => {
      if (here[i] && level === 0) hereBytes += length
      if (here[i] && !known.has(id)) hereChunks++
      known.add(id)
    })
  }
  const ids = [...known].slice(0, mostAsked)
  const online = mesh.others().filter((device) => mesh.isOnline(device))
  const held = new Map(await Promise.all(online.map(async (device) => [device, await askHeld(mesh, device, ids, timers, signal)] as const)))
  const liars = files.liars(file.id)
  const fetching = files.fetching(file.id)
  return {
    here_bytes: hereBytes,
    chunks: known.size,
    here_chunks: hereChunks,
    kept: files.isKept(file.id),
    fetching: fetching ? { done_bytes: fetching.done, sources: fetching.sources } : null,
    peers: mesh.others().map((device) => ({ name: mesh.names.device(device), device, online: online.includes(device), chunks: held.get(device) ?? null, lied: liars.includes(device) })),
  }
}

/** How many of these a peer says it holds; null when it does not answer. */
async function askHeld(mesh: RunningMesh, device: DeviceId, ids: readonly BlobId[], timers: Timers, outer: AbortSignal): Promise<number | null> {
  const done = new AbortController()
  using _timer = timers.after(answerMs, () => done.abort(new Error('no answer')))
  const signal = AbortSignal.any([outer, done.signal])
  const { promise: ended, reject } = Promise.withResolvers<never>()
  ended.catch(() => undefined)
  signal.addEventListener('abort', () => reject(signal.reason))
  const opening = mesh.files.open(device, { onChunk: () => undefined, onClose: (why) => reject(new Error(why)) }, signal)
  // Too late to be asked, whether it opens then or stands already: it must not stay open.
  signal.addEventListener('abort', () => void opening.then((link) => link.close('no answer'), () => undefined))
  try {
    const link = await Promise.race([ended, opening])
    let count = 0
    for (let at = 0; at < ids.length; at += limits.blobIdsPerFrame) {
      count += await Promise.race([ended, new Promise<number>((resolve) => link.has(ids.slice(at, at + limits.blobIdsPerFrame), (held) => resolve(held.length)))])
    }
    link.close('done')
    return count
  } catch {
    // It went, or speaks no such protocol: nothing is known of what it holds, and the answer says so.
    return null
  }
}
