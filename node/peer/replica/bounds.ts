import { utf8Length } from '../../../crdt/wire/codec.ts'
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
  if (spec.type === 'set' || spec.type === 'delete') size('The key', spec.key, limits.keyBytes)
  if (spec.type === 'set') size('The value', spec.value, limits.valueBytes)
  if (spec.type === 'message') size('The message', spec.message.text, limits.messageBytes)
}
