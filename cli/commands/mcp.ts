/** `atoll mcp`: the MCP server of one agent session, thin: it answers at once and reaches the node in the background. */
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import { AgentSession } from '../../node/mcp/agent-session.ts'
import { AtollError } from '../../node/ports/errors.ts'
import type { SessionHello } from '../../node/ports/services.ts'
import type { Command } from '../command.ts'
import { selectMesh } from '../select-mesh.ts'
import type { Surface } from '../surface.ts'
import { version } from '../version.ts'

/** The command, with the surface that says which profile and which session. */
export function mcpCommand(surface: Surface): Command {
  return {
    name: 'mcp',
    summary: 'Serve the mesh to an agent over MCP on stdin and stdout',
    usage: ['atoll mcp [--mesh MESH] [--era 2025|2026]'],
    example: 'claude mcp add atoll -- atoll mcp',
    positional: [],
    options: { era: { type: 'string', doc: 'Protocol era: 2025 (the usual) or 2026, which cannot push messages' } },
    run: async ({ values, signal, terminal }) => {
      const era = values['era'] ?? '2025'
      if (era !== '2025' && era !== '2026') throw new AtollError('bad_input', { what: '--era must be 2025 or 2026.' })
      const session = new AgentSession({
        version,
        channel: era === '2025' && surface.env['ATOLL_CHANNEL'] === '1',
        absolute: (path) => resolve(directoryOf(surface), path),
        attach: attachWith(surface, values['mesh'] as string | undefined),
        problem: (why) => terminal.err(`atoll mcp: ${why}`),
        pause: (milliseconds, stop) => pause(milliseconds, undefined, { signal: stop }).catch(() => {}),
      })
      const close = await serve(session, era)
      await untilOver(signal)
      await session[Symbol.asyncDispose]()
      await close()
      return 0
    },
  }
}

async function serve(session: AgentSession, era: '2025' | '2026'): Promise<() => Promise<void>> {
  if (era === '2026') {
    const handle = serveStdio(() => session.createServer())
    return () => handle.close()
  }
  const server = session.createServer()
  await server.connect(new StdioServerTransport())
  return () => server.close()
}

/** Resolves when the agent has closed its end or the signal fires. */
function untilOver(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['end', 'close', 'error'] as const) process.stdin.once(event, () => resolve())
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
  })
}

/** The directory that the agent works in. */
const directoryOf = ({ env, directory }: Surface): string => env['CLAUDE_PROJECT_DIR'] || directory

function attachWith(surface: Surface, mesh: string | undefined): ConstructorParameters<typeof AgentSession>[0]['attach'] {
  const { home, env, program } = surface
  const directory = directoryOf(surface)
  const session = env['CLAUDE_CODE_SESSION_ID'] || env['ATOLL_SESSION'] || `mcp-${process.pid}-${process.hrtime.bigint()}`
  return async (start, agent, signal) => {
    const { connectNode } = await import('../../node/host/connect-node.ts')
    const hello: SessionHello = { session, directory, agent, kind: 'mcp' }
    return connectNode({ home, env, version, hello, signal, mesh: selectMesh(mesh, env, directory), program: start ? program : null })
  }
}
