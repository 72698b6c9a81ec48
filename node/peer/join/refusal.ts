import type { ErrorCode } from '../../ports/errors.ts'

/** Why a member does not let somebody in: a code of the error table, and the one detail that may be told. */
export class Refusal extends Error {
  readonly code: ErrorCode
  readonly at: string
  constructor(code: ErrorCode, at = '') {
    super(code)
    this.code = code
    this.at = at
  }
}
