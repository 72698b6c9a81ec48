/** The files of a machine that has none: paths and bytes in a map. */
import { AtollError } from '../../node/ports/errors.ts'
import type { LocalFiles, NewFile, SourceFile } from '../../node/ports/files.ts'

export class MemoryFiles implements LocalFiles {
  readonly content = new Map<string, Uint8Array>()

  async open(path: string): Promise<SourceFile> {
    const bytes = this.content.get(path)
    if (!bytes) throw new AtollError('file_unreadable', { path, why: 'there is no such file or folder' })
    return {
      size: bytes.length,
      read: async (into, at) => {
        const some = bytes.subarray(at, at + into.length)
        into.set(some)
        return some.length
      },
      changed: async () => this.content.get(path) !== bytes,
      [Symbol.asyncDispose]: async () => {},
    }
  }

  async target(path: string, name: string): Promise<string> {
    return path.endsWith('/') ? path + name : path
  }

  async create(path: string, size: number, overwrite: boolean): Promise<NewFile> {
    const free = (): void => {
      if (!overwrite && this.content.has(path)) throw new AtollError('file_exists', { path })
    }
    free()
    const bytes = new Uint8Array(size)
    return {
      write: async (some, at) => bytes.set(some, at),
      finish: async (length) => {
        free()
        this.content.set(path, bytes.slice(0, length))
      },
      [Symbol.asyncDispose]: async () => {},
    }
  }
}
