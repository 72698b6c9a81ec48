/** From a derived command's arguments to the operation's input. */
import { AtollError } from '../node/ports/errors.ts'
import type { Operation } from '../node/ops/define.ts'
import type { CommandOption } from './command.ts'
import type { Param } from './operation-params.ts'
import type { FlagValues } from './parse-flags.ts'
import { readStdin } from './read-stdin.ts'
import { usageOf } from './usage.ts'

/** The flags of a derived command, for parseFlags. */
export function operationFlags(operation: Operation, params: readonly Param[]): Readonly<Record<string, CommandOption>> {
  const flags: Record<string, CommandOption> = {}
  for (const { place, flag, kind, doc } of params) if (place === null) flags[flag] = { type: kind === 'flag' ? 'boolean' : 'string', multiple: kind === 'list', doc }
  if (operation.cli?.confirm !== undefined) flags['yes'] = { type: 'boolean', doc: 'Do it without asking' }
  return flags
}

/** Builds the input; reads standard input where a `-` says so. Throws bad_input with the usage line. */
export async function operationInput(operation: Operation, params: readonly Param[], given: { readonly values: FlagValues; readonly positionals: readonly string[] }, stdin: AsyncIterable<Uint8Array>): Promise<Record<string, unknown>> {
  const usage = usageOf(operation, params)
  const input: Record<string, unknown> = {}
  for (const [place, text] of places(operation, given.positionals, usage).entries()) {
    const param = params.find((one) => one.place === place)
    if (param === undefined) throw new AtollError('bad_input', { what: `Too many arguments, from “${text}” on. Usage: ${usage}` })
    const read = text === '-' && operation.cli?.stdin === param.name
    input[param.name] = convert(param, read ? await readStdin(stdin) : text)
  }
  for (const param of params.filter((one) => one.place === null)) {
    const value = given.values[param.flag]
    if (value !== undefined) input[param.name] = Array.isArray(value) ? value.flatMap((text) => commaList(String(text))) : typeof value === 'string' ? convert(param, value) : value
  }
  const missing = params.find((param) => param.required && input[param.name] === undefined)
  if (missing !== undefined) throw new AtollError('bad_input', { what: `${missing.place === null ? `--${missing.flag}` : missing.placeholder} is missing. Usage: ${usage}` })
  return input
}

function places(operation: Operation, positionals: readonly string[], usage: string): readonly string[] {
  const count = operation.positional.length
  if (positionals.length <= count) return positionals
  if (operation.cli?.rest === true) return [...positionals.slice(0, count - 1), positionals.slice(count - 1).join(' ')]
  const quoting = count > 0 ? ' Put quotes around text with spaces.' : ''
  throw new AtollError('bad_input', { what: `Too many arguments, from “${positionals[count]}” on.${quoting} Usage: ${usage}` })
}

function convert({ kind, flag, placeholder, place }: Param, text: string): unknown {
  if (kind === 'json') return jsonOrText(text)
  if (kind === 'list') return commaList(text)
  if (kind !== 'number') return text
  const number = Number(text)
  if (text.trim() === '' || Number.isNaN(number)) throw new AtollError('bad_input', { what: `${place === null ? `--${flag}` : placeholder} must be a number, not “${text}”.` })
  return number
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // Not JSON, so it is meant as it stands.
    return text
  }
}

function commaList(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim()).filter((part) => part !== '')
}
