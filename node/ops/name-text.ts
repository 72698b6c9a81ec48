import * as z from 'zod'
import { limits } from '../../crdt/wire/limits.ts'
import { AtollError } from '../ports/errors.ts'

const utf8 = new TextEncoder()
const controls = /[\p{Cc}\u2028\u2029]/u

/** The name of a mesh or a person: any script, no control characters, bounded. Fails with name_invalid. */
export function nameText(): z.ZodString {
  return z.string().superRefine((name, context) => {
    const why = whyNot(name)
    if (why !== null) context.addIssue({ code: 'custom', message: why, params: { atoll: new AtollError('name_invalid', { name: shortened(name), why }) } })
  })
}

function whyNot(name: string): string | null {
  if (name.trim() === '') return 'it is empty'
  if (!name.isWellFormed()) return 'it holds half of a surrogate pair, so it is not text'
  if (controls.test(name)) return 'it holds a control character or a line break'
  const size = utf8.encode(name).length
  return size > limits.nameBytes ? `it is ${size} bytes and at most ${limits.nameBytes} are allowed` : null
}

function shortened(name: string): string {
  const clean = name.slice(0, 40).toWellFormed().replace(new RegExp(controls, 'gu'), '')
  return `"${clean}${name.length > 40 ? '…' : ''}"`
}
