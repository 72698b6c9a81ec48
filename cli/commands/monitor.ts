import { nodeRuntime } from '../../node/host/node-runtime.ts'
import { toAtollError } from '../../node/ports/errors.ts'
import { requireAgentSession } from '../agents/agent-session.ts'
import { agentName } from '../agents/claude/agent-name.ts'
import { holdLease } from '../agents/claude/monitor-lease.ts'
import { monitorLimits, monitorPace } from '../agents/claude/monitor-limits.ts'
import { deliver } from '../agents/deliver.ts'
import { nodeInbox } from '../agents/node-inbox.ts'
import { Pace } from '../agents/pace.ts'
import { parsePid, processLives } from '../agents/process-lives.ts'
import { readerGone } from '../agents/reader-gone.ts'
import type { Command, Terminal } from '../command.ts'

/** Runs as long as the agent that started it; each line it prints wakes that agent. */
export const command: Command = {
  name: 'monitor',
  summary: 'Print messages as they arrive, to wake an idle agent',
  usage: ['atoll monitor [--session ID]'],
  example: 'atoll monitor --session 7d3f',
  options: {
    session: { type: 'string', doc: 'Whose messages. Default: the session of the agent it runs in.' },
  },
  positional: [],
  run: async ({ values, home, env, terminal, signal }) => {
    const named = values['session']
    const session = requireAgentSession(typeof named === 'string' ? named : undefined, env)
    const claude = parsePid(env['CLAUDE_PID'])
    const parent = process.ppid
    const readerLives = () => (claude === undefined ? process.ppid === parent : processLives(claude))
    using _lease = claude === undefined ? undefined : lease(home, claude, terminal)
    using runtime = nodeRuntime()
    const { timers } = runtime
    const gone = new AbortController()
    const until = AbortSignal.any([signal, gone.signal])
    const watching = readerGone(readerLives, timers, until).then(() => gone.abort())
    await deliver(
      {
        open: nodeInbox({ home, env, session, directory: process.cwd(), agent: agentName }),
        limits: monitorLimits,
        pace: new Pace(timers, monitorPace),
        timers,
        readerLives,
        write: (lines) => terminal.out(lines.join('\n')),
        problem: (why) => terminal.err(why),
      },
      until,
    )
    gone.abort()
    await watching
    return 0
  },
}

/** Without it, in a profile that cannot be written, hooks look for messages as well: slower, and as good until /clear. */
function lease(home: string, claude: number, terminal: Terminal): Disposable | undefined {
  try {
    return holdLease(home, claude)
  } catch (error) {
    terminal.err(toAtollError(error).message)
    return undefined
  }
}
