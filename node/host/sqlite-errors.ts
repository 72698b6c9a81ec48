/** What SQLite and the file system say, in the words of the Store port. */
import { StoreError, type StoreProblem } from '../ports/store.ts'

/** Primary result codes of SQLite (https://sqlite.org/rescode.html); extended ones carry them in their low byte. */
const bySqliteCode: ReadonlyMap<number, StoreProblem> = new Map([
  [3, 'readonly'], // PERM
  [5, 'io'], // BUSY: one process per profile, so nobody else should hold it; tried anew like any refusal
  [6, 'io'], // LOCKED
  [7, 'io'], // NOMEM
  [8, 'readonly'], // READONLY
  [10, 'io'], // IOERR
  [11, 'corrupt'], // CORRUPT
  [13, 'full'], // FULL
  [14, 'io'], // CANTOPEN
  [26, 'corrupt'], // NOTADB
])

const bySystemCode: ReadonlyMap<string, StoreProblem> = new Map([
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EROFS', 'readonly'],
  ['EACCES', 'readonly'],
  ['EPERM', 'readonly'],
])

/** The problem behind something thrown, or undefined when it is no fault of the disk but a bug. */
export function problemOf(error: unknown): StoreProblem | undefined {
  if (error instanceof StoreError) return error.problem
  if (!(error instanceof Error)) return undefined
  const { errcode, code, syscall } = error as { errcode?: unknown; code?: unknown; syscall?: unknown }
  if (typeof errcode === 'number') return bySqliteCode.get(errcode & 0xff)
  if (typeof code === 'string' && typeof syscall === 'string') return bySystemCode.get(code) ?? 'io'
  return undefined
}

/** Runs `step`; what the disk refuses becomes a StoreError, a bug stays what it is. */
export function onDisk<T>(step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw asStoreError(error)
  }
}

export function asStoreError(error: unknown): unknown {
  const problem = problemOf(error)
  if (problem === undefined || error instanceof StoreError) return error
  return new StoreError(problem, (error as Error).message, { cause: error })
}
