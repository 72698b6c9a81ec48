import { AtollError } from '../../node/ports/errors.ts'

/**
 * The session that a command inside an agent belongs to: the one as which its MCP server attaches (`atoll mcp`
 * reads the same variables in the same order). Claude Code gives server, monitor and hooks of a window one id.
 * After /clear hooks see a new one, while server and monitor run on with the old: then the monitor delivers.
 */
export function agentSession(named: string | undefined, env: Readonly<Record<string, string | undefined>>): string | undefined {
  return named || env['CLAUDE_CODE_SESSION_ID'] || env['ATOLL_SESSION'] || undefined
}

/** The same, for a command that is of no use without. */
export function requireAgentSession(named: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const session = agentSession(named, env)
  if (session === undefined) throw new AtollError('bad_input', { what: 'Say whose messages: --session ID. Inside an agent that Atoll is installed in it is known.' })
  return session
}
