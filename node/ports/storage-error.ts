import { AtollError } from './errors.ts'
import { StoreError } from './store.ts'

/** What a failed commit or read means to whoever asked for it. */
export function storageError(error: unknown): AtollError {
  const problem = error instanceof StoreError ? error.problem : 'io'
  if (problem === 'full') return new AtollError('storage_full', {}, { cause: error })
  const code = problem === 'readonly' ? 'profile_readonly' : problem === 'corrupt' ? 'storage_corrupt' : 'storage_failed'
  return new AtollError(code, { path: 'of this mesh', why: String(error) }, { cause: error })
}
