import { AtollError, toAtollError } from '../../node/ports/errors.ts'
import { agentSession } from '../agents/agent-session.ts'
import { agentName } from '../agents/claude/agent-name.ts'
import { contextEvents, hookOutput, parseHookInput } from '../agents/claude/hook-input.ts'
import { isServed } from '../agents/claude/monitor-lease.ts'
import { nextBatch, type BatchLimits } from '../agents/next-batch.ts'
import { nodeInbox } from '../agents/node-inbox.ts'
import { parsePid } from '../agents/process-lives.ts'
import type { Command, CommandInput } from '../command.ts'
import { readStdin } from '../read-stdin.ts'

/** Claude Code passes on 10,000 characters and puts more into a file for the model to read: so long a message comes alone. */
const limits: BatchLimits = { messages: 20, lineChars: Infinity, chars: 9_000 }
/** A hook holds the agent up: a node that has not answered by then is left alone, and the messages come later. */
const answerMs = 2_000

/** Answers a hook with the messages that wait. Whatever goes wrong is said on stderr, and the agent goes on. */
export const command: Command = {
  name: 'hook',
  summary: 'Answer a coding agent’s hook',
  usage: ['atoll hook EVENT'],
  example: 'atoll hook PostToolUse',
  options: {},
  positional: ['event'],
  run: async (input) => {
    try {
      const output = await answer(input)
      if (output !== undefined) input.terminal.out(output)
    } catch (error) {
      const failure = toAtollError(error)
      if (failure.code !== 'node_unreachable') input.terminal.err(`atoll hook: ${failure.message}`)
    }
    return 0
  },
}

/** What the hook prints; undefined where there is nothing to say. */
async function answer({ positionals, home, env, terminal, signal }: CommandInput): Promise<string | undefined> {
  const parsed = parseHookInput(await readStdin(terminal.stdin))
  if (!parsed.ok) throw new AtollError('bad_input', { what: parsed.why })
  const { session_id, cwd, agent_id, hook_event_name: event } = parsed.input
  // A monitor brings them, at once.
  if (isServed(home, parsePid(env['CLAUDE_PID']))) return undefined
  // What a subagent is told never reaches the session that the message is for.
  if (agent_id !== undefined) return undefined
  if (!contextEvents.some((known) => known === event && known === positionals[0])) throw new AtollError('bad_input', { what: `Hooks that can be answered: ${contextEvents.join(', ')}.` })

  const open = nodeInbox({ home, env, session: agentSession(undefined, env) ?? session_id, directory: env['CLAUDE_PROJECT_DIR'] || cwd || process.cwd(), agent: agentName })
  await using inbox = await open(AbortSignal.any([signal, AbortSignal.timeout(answerMs)]))
  const lines = await nextBatch(inbox, limits, new Set())
  return lines.length === 0 ? undefined : hookOutput(event, lines.join('\n'))
}
