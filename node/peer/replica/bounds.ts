import { filePayload } from '../../../crdt/docs/files.ts'
import { messagePayload, receiptPayload } from '../../../crdt/docs/change.ts'
import { encode, EncodeError, utf8Length, type Codec } from '../../../crdt/wire/codec.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { WriteSpec } from './author.ts'

/** Refuses what would break a limit, before anything is staged. */
export function checkBounds(spec: WriteSpec): void {
  const size = (what: string, text: string, limit: number): void => {
    const bytes = utf8Length(text)
    if (bytes > limit) throw new AtollError('value_too_large', { what, size: bytes, limit })
    if (!text.isWellFormed()) throw new AtollError('bad_input', { what: `${what} is not valid Unicode: it holds half a surrogate pair.` })
  }
  if (spec.type === 'set' || spec.type === 'delete' || spec.type === 'private') size('The key', spec.key, limits.keyBytes)
  if (spec.type === 'set' || spec.type === 'private') size('The value', spec.value ?? '', limits.valueBytes)
  if (spec.type === 'message') size('The message', spec.message.text, limits.messageBytes)
  if (spec.type === 'message') fits(messagePayload, spec.message)
  if (spec.type === 'file') fits(filePayload, spec.file)
  if (spec.type === 'receipt') fits(receiptPayload, spec.receipt)
}

/** What does not encode would take with it everything that is staged beside it. */
function fits<T>(codec: Codec<T>, payload: T): void {
  try {
    encode(codec, payload)
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error
    throw new AtollError('bad_input', { what: `This does not fit its format: ${error.message}.` }, { cause: error })
  }
}
