/** The program `atoll`: finds the command, runs it, says what went wrong, and answers with an exit status. */
import type { OpenPeerFunction } from '../node/host/open-peer.ts'
import { profileHome } from '../node/host/profile.ts'
import { toAtollError, type AtollError } from '../node/ports/errors.ts'
import { cleanText } from '../node/ops/clean-text.ts'
import { globalFlags, parseFlags, type FlagValues } from './parse-flags.ts'
import { tone } from './print-show.ts'
import { quietSqlite } from './quiet-sqlite.ts'
import type { SpecialCommand } from './commands/index.ts'
import { allRoutes, findRoute } from './routes.ts'
import type { Surface } from './surface.ts'
import { createTerminal } from './terminal.ts'
import { interruptions, type Interruptions } from './interruptions.ts'
import { version } from './version.ts'

/** A command that still has something open this long after it is done is ended. */
const lingerMs = 2_000

/** Runs the command line of this process and sets its exit status. Tests pass another way to a peer. */
export async function main(openPeer?: OpenPeerFunction): Promise<void> {
  quietSqlite()
  const terminal = createTerminal(process, process.env)
  // A reader that goes away (`atoll peers | head -1`) is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  const interrupted = interruptions(process)
  const args = process.argv.slice(2)
  const surface: Surface = {
    home: profileHome(process.env),
    env: process.env,
    directory: process.cwd(),
    terminal,
    json: args.includes('--json'),
    signal: interrupted.signal,
    program: process.argv[1] ?? '',
    openPeer,
    now: Date.now,
  }
  process.exitCode = await run(args, surface, interrupted)
  setTimeout(() => process.exit(), lingerMs).unref()
}

async function run(args: readonly string[], surface: Surface, interrupted: Interruptions): Promise<number> {
  try {
    const status = await dispatch(args, surface, interrupted)
    return interrupted.by() === 'SIGINT' ? 130 : status
  } catch (error) {
    const failure = toAtollError(error)
    const by = interrupted.by()
    if (by === null || surface.json) report(failure, surface)
    if (by === null) return failure.exit
    return by === 'SIGINT' ? 130 : 143
  } finally {
    interrupted[Symbol.dispose]()
  }
}

async function dispatch(args: readonly string[], surface: Surface, interrupted: Interruptions): Promise<number> {
  const { globals, rest } = leadingFlags(args)
  if (globals['version'] === true || rest[0] === 'version') return printVersion(surface)
  const help = globals['help'] === true || rest.includes('--help') || rest.includes('-h')
  if (help || rest.length === 0 || rest[0] === 'help') {
    const { printHelp } = await import('./help.ts')
    return printHelp(rest.filter((arg, at) => !arg.startsWith('-') && (at > 0 || arg !== 'help')), surface)
  }
  const { route, rest: own } = findRoute(allRoutes(), rest)
  if ('special' in route) return runSpecial(route.special, own, globals, surface, interrupted)
  const { runOperation } = await import('./run-operation.ts')
  return runOperation(await route.row.load(), own, globals, surface)
}

async function runSpecial(special: SpecialCommand, args: readonly string[], globals: FlagValues, surface: Surface, interrupted: Interruptions): Promise<number> {
  const command = await special.load(surface)
  const { values, positionals } = parseFlags(args, command.options)
  const { home, env, terminal, json, signal } = surface
  interrupted.allow(command.stopWithinMs)
  return command.run({ positionals, values: { ...globals, ...values }, json, home, env, terminal, signal })
}

/** Flags before the command (`atoll --mesh crew state list`). */
function leadingFlags(args: readonly string[]): { readonly globals: FlagValues; readonly rest: readonly string[] } {
  const globals: Record<string, string | boolean> = {}
  let at = 0
  for (; args[at]?.startsWith('-') === true; at++) {
    const arg = args[at] ?? ''
    if (arg === '--version' || arg === '-V') globals['version'] = true
    else {
      const takesNext = arg.startsWith('--') && !arg.includes('=') && globalFlags[arg.slice(2)]?.type === 'string'
      Object.assign(globals, parseFlags(takesNext ? args.slice(at, at + 2) : [arg], {}).values)
      if (takesNext) at++
    }
  }
  return { globals, rest: args.slice(at) }
}

function printVersion({ json, terminal }: Surface): number {
  if (json) terminal.json({ version, node: process.versions.node })
  else terminal.out(`atoll ${version} (Node ${process.versions.node})`)
  return 0
}

function report(error: AtollError, { json, terminal }: Surface): void {
  terminal.status('')
  if (json) terminal.out(JSON.stringify({ schema_version: '1.0', ok: false, error: { code: error.code, message: error.message } }))
  else terminal.err(`${tone('atoll:', 'bad', terminal)} ${cleanText(error.message)}`)
}
