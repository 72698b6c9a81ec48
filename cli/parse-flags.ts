import { parseArgs } from 'node:util'
import { AtollError } from '../node/ports/errors.ts'
import type { CommandOption } from './command.ts'
import { suggest } from './suggest.ts'

export type FlagValues = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>

/** Flags that every command takes. */
export const globalFlags: Readonly<Record<string, CommandOption>> = {
  json: { type: 'boolean', doc: 'Print one JSON document on stdout' },
  mesh: { type: 'string', doc: 'The mesh meant: its name or id' },
  'own-node': { type: 'boolean', doc: 'Run the node inside this command instead of in the background' },
  help: { type: 'boolean', short: 'h', doc: 'Show help for the command' },
}

/**
 * Splits a command's arguments into flags and positionals. Throws bad_input on unknown flags, flags without
 * their value and repeated flags that may stand once. Negative numbers and a lone `-` are positionals.
 */
export function parseFlags(args: readonly string[], options: Readonly<Record<string, CommandOption>>): { values: FlagValues; positionals: readonly string[] } {
  const all: Readonly<Record<string, CommandOption>> = { ...options, ...globalFlags }
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(Object.entries(all).map(([name, { type, short }]) => [name, { type, multiple: true, ...(short === undefined ? {} : { short }) }])),
    strict: false,
    tokens: true,
    allowNegative: false,
  })
  const values: Record<string, string | boolean | (string | boolean)[]> = {}
  const positionals: string[] = []
  let taken = -1
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option' || token.index === taken) continue
    const typed = args[token.index] ?? ''
    if (/^-[^a-z-]|^---/i.test(typed)) {
      // parseArgs reads -12, and "- an item", as bundles of short flags; ours are letters.
      positionals.push(typed)
      taken = token.index
      continue
    }
    const option = Object.hasOwn(all, token.name) ? all[token.name] : undefined
    if (option === undefined) throw unknownFlag(token.rawName, all)
    // A flag that follows is not a value; whoever means it writes --flag=--value.
    const given = token.inlineValue === false && token.value.startsWith('--') ? undefined : token.value
    const value = flagValue(token.rawName, option, given)
    if (option.multiple === true) values[token.name] = [...((values[token.name] as (string | boolean)[] | undefined) ?? []), value]
    else if (Object.hasOwn(values, token.name) && values[token.name] !== value) throw new AtollError('bad_input', { what: `${token.rawName} stands twice, with different values.` })
    else values[token.name] = value
  }
  return { values, positionals }
}

function flagValue(name: string, { type }: CommandOption, value: string | undefined): string | boolean {
  if (type === 'boolean') {
    if (value !== undefined) throw new AtollError('bad_input', { what: `${name} takes no value.` })
    return true
  }
  if (value === undefined) throw new AtollError('bad_input', { what: `${name} needs a value.` })
  return value
}

function unknownFlag(name: string, all: Readonly<Record<string, CommandOption>>): AtollError {
  const near = suggest(name.replace(/^-+/, ''), Object.keys(all))
  return new AtollError('bad_input', { what: `There is no flag ${name}.${near === undefined ? '' : ` Did you mean --${near}?`} --help shows those there are.` })
}
