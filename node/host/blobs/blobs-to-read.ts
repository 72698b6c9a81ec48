/** Chunks of a profile that cannot be written: what is there is read, and whatever would have to be kept is refused. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { BlobCrypto } from '../../../crdt/crypto/blob-crypto.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Log } from '../../ports/log.ts'
import { openNodeSqlite, type Database } from '../sqlite-database.ts'
import { BlobIndex } from './blob-index.ts'
import { Packs } from './packs.ts'
import { readChunks } from './read-chunks.ts'

/** Reads chunks of a directory, which another process may be writing. */
export function openBlobsToRead(folder: string, options: { readonly crypto: BlobCrypto; readonly log: Log }): BlobStore {
  const path = join(folder, 'index.db')
  const refuse = async (): Promise<never> => {
    throw new AtollError('profile_readonly', { path: folder, why: 'it is only read here' })
  }
  if (!existsSync(path)) return { has: (ids) => ids.map(() => false), read: async (ids) => ids.map(() => undefined), put: refuse, sweep: refuse, usage: () => ({ chunks: 0, bytes: 0, diskBytes: 0 }), [Symbol.asyncDispose]: async () => {} }
  const index = new BlobIndex(openToRead(path), 'read')
  const packs = new Packs(folder, 0)
  return {
    has: (ids) => ids.map((id) => index.find(id) !== undefined),
    read: (ids) => readChunks(ids, index, packs, options, () => {}),
    put: refuse,
    sweep: refuse,
    usage: () => ({ ...index.usage(), diskBytes: packs.bytes() }),
    [Symbol.asyncDispose]: async () => {
      await packs[Symbol.asyncDispose]()
      index.close()
    },
  }
}

/** Beside a process that writes, with locks; or of a file system that takes none. */
function openToRead(path: string): Database {
  try {
    new DatabaseSync(path, { readOnly: true }).close()
    return openNodeSqlite(path, 'beside')
  } catch {
    // Nothing can be locked here, so nobody else writes either.
    return openNodeSqlite(path, 'read')
  }
}
