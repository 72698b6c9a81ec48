/** What `atoll help` and `--help` print: derived from the declarations, so that it is never out of date. */
import type { Operation } from '../node/ops/define.ts'
import type { Command, CommandOption, Terminal } from './command.ts'
import { operationFlags } from './operation-input.ts'
import { operationParams } from './operation-params.ts'
import { helpGroups } from './help-groups.ts'
import { globalFlags } from './parse-flags.ts'
import { tone } from './print-show.ts'
import { allRoutes, findRoute, routesUnder, type Route } from './routes.ts'
import type { Surface } from './surface.ts'
import { usageOf } from './usage.ts'

/** Prints help for a command, for a group of them, or for all; resolves with the exit status. */
export async function printHelp(words: readonly string[], surface: Surface): Promise<number> {
  const { terminal } = surface
  const routes = allRoutes()
  if (words.length === 0) {
    overview(routes, terminal)
    return 0
  }
  const under = routesUnder(routes, words.join(' '))
  if (routes.has(words.join(' ')) || under.length === 0) {
    const { route } = findRoute(routes, words)
    if ('row' in route) operationHelp(await route.row.load(), terminal)
    else commandHelp(await route.special.load(surface), terminal)
  }
  if (under.length > 0) {
    terminal.out(tone('Commands:', 'dim', terminal))
    list(under, terminal)
  }
  return 0
}

function overview(routes: ReadonlyMap<string, Route>, terminal: Terminal): void {
  terminal.out('Atoll: a mesh of people, machines and coding agents, with no server in the middle.\n')
  terminal.out('Usage: atoll COMMAND [ARGUMENTS] [FLAGS]')
  for (const { title, words } of helpGroups(routes)) {
    terminal.out(`\n${tone(title, 'strong', terminal)}`)
    list(words.map((word) => routes.get(word)).filter((route) => route !== undefined), terminal)
  }
  terminal.out(`\n${tone('Flags of every command', 'strong', terminal)}`)
  flags(globalFlags, terminal)
  terminal.out('\n`atoll help COMMAND` shows a command with its flags and an example.')
  terminal.out('First steps: `atoll create NAME`, then `atoll invite` and send the link; the other side runs `atoll join LINK`.')
}

function operationHelp(operation: Operation, terminal: Terminal): void {
  const params = operationParams(operation)
  terminal.out(`${operation.doc}\n\nUsage: ${usageOf(operation, params)}`)
  const places = params.filter((param) => param.place !== null)
  if (places.length > 0) columns(places.map((param) => [param.placeholder, param.doc + (operation.cli?.stdin === param.name ? '; - reads it from standard input' : '')]), terminal)
  const own = operationFlags(operation, params)
  if (Object.keys(own).length > 0) terminal.out('Flags:')
  flags(own, terminal, new Map(params.map((param) => [param.flag, param])))
  if (operation.event !== undefined) terminal.out('It goes on until Ctrl-C; with --json it prints one document per line.')
  const alias = operation.name.replace('.', ' ')
  if (alias !== operation.cli?.command) terminal.out(`Also: atoll ${alias}`)
  terminal.out(`Example: ${operation.example}`)
}

function commandHelp(command: Command, terminal: Terminal): void {
  terminal.out(`${command.summary}\n\nUsage: ${command.usage.join('\n       ')}`)
  if (Object.keys(command.options).length > 0) terminal.out('Flags:')
  flags(command.options, terminal)
  terminal.out(`Example: ${command.example}`)
}

function flags(options: Readonly<Record<string, CommandOption>>, terminal: Terminal, params: ReadonlyMap<string, { readonly initial: unknown; readonly choices: readonly string[]; readonly placeholder: string }> = new Map()): void {
  const rows = Object.entries(options).map(([name, { type, multiple, doc, short }]): [string, string] => {
    const param = params.get(name)
    const value = type === 'boolean' ? '' : ` ${param === undefined ? name.toUpperCase() : param.choices.length > 0 ? param.choices.join('|') : param.placeholder}`
    const initial = param?.initial === undefined || param.initial === false || (Array.isArray(param.initial) && param.initial.length === 0) ? '' : ` (${String(param.initial as string | number)})`
    return [`--${name}${short === undefined ? '' : `, -${short}`}${value}${multiple === true ? '…' : ''}`, doc + initial]
  })
  columns(rows, terminal)
}

function list(routes: readonly Route[], terminal: Terminal): void {
  columns(routes.map((route): [string, string] => [route.words, route.summary]), terminal)
}

function columns(rows: readonly (readonly [string, string])[], terminal: Terminal): void {
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)))
  for (const [left, right] of rows) terminal.out(`  ${left.padEnd(width)}  ${tone(right, 'dim', terminal)}`)
}
