import { AtollError } from '../../ports/errors.ts'
import { StoreError } from '../../ports/store.ts'

/** What a failed commit means to whoever asked for it. */
export function storageError(error: unknown): AtollError {
  const problem = error instanceof StoreError ? error.problem : 'io'
  if (problem === 'full') return new AtollError('storage_full', {}, { cause: error })
  return new AtollError(problem === 'readonly' ? 'profile_readonly' : 'storage_failed', { path: 'of this mesh', why: String(error) }, { cause: error })
}
