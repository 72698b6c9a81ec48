/**
 * The plugin that puts Atoll into Claude Code: the MCP server with its tools, a monitor and two hooks.
 *
 * How a message reaches the model (measured with Claude Code 2.1.330): each line of a monitor wakes an idle
 * session within half a second, and in a working one stands in the very next model request, marked by Claude
 * Code as a system notification that is not from the user. So the monitor alone covers interactive sessions.
 * Monitors run in no others (`claude -p`, the SDK, a folder that is not trusted), where a message comes with
 * the next prompt or after the next tool call by a hook. Both take from one inbox, so each message is shown
 * by one of them.
 */
import { AtollError } from '../../../node/ports/errors.ts'
import type { Launch } from '../launch.ts'
import { contextEvents } from './hook-input.ts'

/** The plugin's name, its folder's name, and the server's name in it. */
export const pluginName = 'atoll'

/** What the plugin's files say. */
export interface PluginOptions {
  readonly launch: Launch
  readonly version: string
  /** The profile to use where Claude Code's own environment names none; undefined for the usual one. */
  readonly home: string | undefined
}

/** The plugin's files: path within its folder → content. */
export function pluginFiles({ launch, version, home }: PluginOptions): ReadonlyMap<string, string> {
  for (const text of [...launch, home ?? '']) requirePlain(text)
  const fallback = home === undefined ? undefined : `\${ATOLL_HOME:-${home}}`
  const shell = (...args: string[]) => [...(fallback === undefined ? [] : ['env', `ATOLL_HOME="${fallback}"`]), ...[...launch, ...args].map(shellQuoted)].join(' ')
  const [command, ...args] = launch
  return new Map([
    [
      '.claude-plugin/plugin.json',
      json({
        name: pluginName,
        version,
        description: 'A peer-to-peer mesh for coding-agent sessions: shared state, memory and messages.',
        author: { name: 'Atoll' },
        mcpServers: { [pluginName]: { command, args: [...args, 'mcp'], ...(fallback === undefined ? {} : { env: { ATOLL_HOME: fallback } }) } },
      }),
    ],
    // `exec`, so that Claude Code is the monitor's parent and its end is noticed.
    ['monitors/monitors.json', json([{ name: 'messages', command: `exec ${shell('monitor')}`, description: 'Messages from Atoll peers' }])],
    ['hooks/hooks.json', json({ hooks: Object.fromEntries(hookEvents.map((event) => [event, [{ hooks: [{ type: 'command', command: shell('hook', event), timeout: hookSeconds }] }]])) })],
  ])
}

/** SessionStart is left out: the session has no inbox before its MCP server runs. */
const hookEvents = contextEvents.filter((event) => event !== 'SessionStart')
/** When Claude Code gives a hook up; it normally takes a tenth of a second. */
const hookSeconds = 10

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** Claude Code and the shell replace `${…}` in these files, and offer no way to write one that stays. */
function requirePlain(text: string): void {
  if (!/[$}`"\\\n]/.test(process.platform === 'win32' ? text.replaceAll('\\', '/') : text)) return
  throw new AtollError('bad_input', { what: `Claude Code cannot be told of the path ${JSON.stringify(text)}: it contains one of $ } \` " \\ or a line end. Move it, or set ATOLL_HOME to another.` })
}

function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
