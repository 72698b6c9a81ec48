/** Files of this machine, as operations read and write them. */
import { constants } from 'node:fs'
import { link, open, realpath, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { requireRoom } from '../peer/blobs/require-room.ts'
import { AtollError } from '../ports/errors.ts'
import type { LocalFiles, NewFile, SourceFile } from '../ports/files.ts'
import type { Random } from '../ports/runtime.ts'

export interface LocalFilesNeeds {
  readonly random: Random
  /** What is left free on a disk of this size. */
  readonly reserve: (diskBytes: number) => number
}

export function localFiles({ random, reserve }: LocalFilesNeeds): LocalFiles {
  return {
    async open(path) {
      return reading(path, async () => {
        if (!isAbsolute(path)) throw new Error('the path is not absolute')
        const file = await open(path, 'r')
        try {
          const { size, mtimeMs, isFile } = await fileStat(file)
          if (!isFile) throw new Error('it is not a file')
          return sourceOf(file, path, size, mtimeMs)
        } catch (error) {
          await file.close()
          throw error
        }
      })
    },
    async target(path, name) {
      const isDirectory = await stat(path).then((found) => found.isDirectory(), () => false)
      return isDirectory ? join(path, name) : path
    },
    async create(path, size, overwrite) {
      return writing(path, async () => {
        if (!isAbsolute(path)) throw new Error('the path is not absolute')
        if (!overwrite && (await exists(path))) throw new AtollError('file_exists', { path })
        const folder = await realpath(dirname(path))
        const { bavail, blocks, bsize } = await statfs(folder)
        requireRoom({ quota: () => undefined, disk: () => ({ free: bavail * bsize, size: blocks * bsize }), reserve }, 0, size)
        const temporary = join(folder, `.${basename(path).slice(0, 100)}.${Buffer.from(random.bytes(6)).toString('hex')}.part`)
        const file = await open(temporary, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
        return new FileInTheMaking(file, temporary, path, overwrite)
      })
    },
  }
}

class FileInTheMaking implements NewFile {
  readonly #file: FileHandle
  readonly #temporary: string
  readonly #path: string
  readonly #overwrite: boolean
  #open = true

  constructor(file: FileHandle, temporary: string, path: string, overwrite: boolean) {
    this.#file = file
    this.#temporary = temporary
    this.#path = path
    this.#overwrite = overwrite
  }

  write(bytes: Uint8Array, at: number): Promise<void> {
    return writing(this.#path, async () => {
      for (let done = 0; done < bytes.length; ) done += (await this.#file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
    })
  }

  finish(size: number): Promise<void> {
    return writing(this.#path, async () => {
      await this.#file.truncate(size)
      // As other programs make files: what may be read is for the folder and the umask to say.
      await this.#file.chmod(0o666 & ~process.umask())
      await this.#file.sync()
      await this.#close()
      if (this.#overwrite) await rename(this.#temporary, this.#path)
      else await this.#place()
      // After a link the other name is still there.
      await rm(this.#temporary, { force: true })
      await syncFolder(dirname(this.#path))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
    await rm(this.#temporary, { force: true })
  }

  /** Under its name only where nothing stands: a link refuses what a rename would replace. */
  async #place(): Promise<void> {
    try {
      await link(this.#temporary, this.#path)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST' || (await exists(this.#path))) throw new AtollError('file_exists', { path: this.#path }, { cause: error })
      // A file system without links.
      await rename(this.#temporary, this.#path)
    }
  }

  async #close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.#file.close()
  }
}

function sourceOf(file: FileHandle, path: string, size: number, modified: number): SourceFile {
  return {
    size,
    read: (into, at) => reading(path, async () => (await file.read(into, 0, into.length, at)).bytesRead),
    changed: () => reading(path, async () => {
      const now = await fileStat(file)
      return now.size !== size || now.mtimeMs !== modified
    }),
    [Symbol.asyncDispose]: () => file.close(),
  }
}

async function fileStat(file: FileHandle): Promise<{ size: number; mtimeMs: number; isFile: boolean }> {
  const found = await file.stat()
  return { size: found.size, mtimeMs: found.mtimeMs, isFile: found.isFile() }
}

async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

const exists = (path: string): Promise<boolean> => stat(path).then(() => true, () => false)

const reading = <T>(path: string, work: () => Promise<T>): Promise<T> => saying('file_unreadable', path, work)

const writing = <T>(path: string, work: () => Promise<T>): Promise<T> => saying('file_unwritable', path, work)

async function saying<T>(code: 'file_unreadable' | 'file_unwritable', path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AtollError) throw error
    throw new AtollError(code, { path, why: whyNot(error) }, { cause: error })
  }
}

function whyNot(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such file or folder'
  if (code === 'EACCES' || code === 'EPERM') return 'permission is denied'
  if (code === 'EISDIR') return 'it is a folder'
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'the disk is full'
  if (code === 'EROFS') return 'the file system is mounted read-only'
  return message
}
