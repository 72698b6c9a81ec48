import { AtollError, errorTable, type ErrorCode } from '../ports/errors.ts'
import type { WireError } from './frames.ts'

/** An error as the surfaces of the same machine see it: with its local message. */
export function toWire(error: AtollError): WireError {
  return { code: error.code, message: error.message, details: { ...error.details } }
}

/** The error that a node answered; a code that this version does not know becomes `internal` with its words. */
export function fromWire({ code, message, details }: WireError): AtollError {
  return Object.hasOwn(errorTable, code) ? new AtollError(code as ErrorCode, details) : new AtollError('internal', { why: `${code}: ${message}` })
}
