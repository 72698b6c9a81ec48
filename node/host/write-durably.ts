import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Writes a file for this user alone, so that after a crash either the old or the new content is there, whole. Throws the
 * file system's own error; EEXIST where something is there that may not be replaced.
 */
export function writeDurably(path: string, content: string | Uint8Array, { replace = true } = {}): void {
  const temporary = `${path}.${process.pid}.new`
  try {
    const file = openSync(temporary, 'w', 0o600)
    try {
      writeFileSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    if (replace) renameSync(temporary, path)
    else placeAnew(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** A link refuses what a rename would replace. */
function placeAnew(temporary: string, path: string): void {
  try {
    linkSync(temporary, path)
    rmSync(temporary)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(path)) throw error
    // A file system without links, such as that of most memory sticks.
    renameSync(temporary, path)
  }
}
