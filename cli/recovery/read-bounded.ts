import { closeSync, openSync, readSync } from 'node:fs'
import { AtollError } from '../../node/ports/errors.ts'

/** A file's bytes, or undefined where there are more than `most`; pipes are files too. Throws file_unreadable. */
export function readBounded(path: string, most: number): Uint8Array | undefined {
  try {
    const file = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(most + 1)
      let size = 0
      for (let more = 1; more > 0 && size < bytes.length; size += more) more = readSync(file, bytes, size, bytes.length - size, null)
      return size > most ? undefined : bytes.subarray(0, size)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new AtollError('file_unreadable', { path, why: code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : message }, { cause: error })
  }
}
