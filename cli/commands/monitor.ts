import { deliver } from '../agents/deliver.ts'
import { requireAgentSession } from '../agents/agent-session.ts'
import { monitorLimits, monitorPace } from '../agents/claude/monitor-limits.ts'
import { nodeInbox } from '../agents/node-inbox.ts'
import { Pace } from '../agents/pace.ts'
import { processLives, readerGone } from '../agents/reader-gone.ts'
import { realTimers } from '../agents/real-timers.ts'
import type { Command } from '../command.ts'

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
    const agent = Number(env['CLAUDE_PID'])
    const readerLives = processLives(Number.isSafeInteger(agent) && agent > 0 ? agent : undefined)
    const gone = new AbortController()
    const until = AbortSignal.any([signal, gone.signal])
    const watching = readerGone(readerLives, realTimers, until).then(() => gone.abort())
    await deliver(
      {
        open: nodeInbox({ home, env, session, directory: process.cwd() }),
        limits: monitorLimits,
        pace: new Pace(realTimers, monitorPace),
        timers: realTimers,
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
