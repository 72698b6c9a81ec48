import { statfsSync } from 'node:fs'
import { usualReserve } from '../../peer/blobs/require-room.ts'
import type { Room } from '../../ports/blobs.ts'

/** The room on the disk that a folder lies on. @param quota bytes, 0 for no bound */
export function roomOnDisk(folder: string, quota: () => number): Room {
  return {
    quota: () => quota() || undefined,
    disk: () => {
      const { bavail, blocks, bsize } = statfsSync(folder)
      return { free: bavail * bsize, size: blocks * bsize }
    },
    reserve: usualReserve,
  }
}
