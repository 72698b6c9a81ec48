import { AtollError } from '../../ports/errors.ts'
import type { Room } from '../../ports/blobs.ts'
import { bytesText } from '../../ports/bytes-text.ts'

const gigabyte = 1e9

/** The default reserve: a hundredth of the disk, and at least 1 GB. */
export const usualReserve = (diskBytes: number): number => Math.max(gigabyte, diskBytes / 100)

/** No bound and no disk: for stores in memory. */
export const endlessRoom: Room = { quota: () => undefined, disk: () => undefined, reserve: () => 0 }

/** Throws files_quota or disk_reserve when so many more bytes have no room. @param used bytes that files take now */
export function requireRoom(room: Room, used: number, more: number): void {
  const quota = room.quota()
  if (quota !== undefined && used + more > quota) throw new AtollError('files_quota', { used: bytesText(used), quota: bytesText(quota), more: bytesText(more) })
  const disk = room.disk()
  if (disk === undefined) return
  const reserve = room.reserve(disk.size)
  if (disk.free - more < reserve) throw new AtollError('disk_reserve', { free: bytesText(disk.free), reserve: bytesText(reserve), more: bytesText(more) })
}
