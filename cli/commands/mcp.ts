/** `atoll mcp`: the MCP server of one agent session, thin: it answers at once and reaches the node in the background. */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import { NodeLink } from '../../node/mcp/node-link.ts'
import { createMcpServer, pushMessage } from '../../node/mcp/server.ts'
import type { SessionHello } from '../../node/ports/services.ts'
import { toAtollError } from '../../node/ports/errors.ts'
import type { Client } from '../../node/rpc/client-types.ts'
import type { Command } from '../command.ts'
import { selectMesh } from '../select-mesh.ts'
import type { Surface } from '../surface.ts'
import { version } from '../version.ts'

/** The command, with the surface that says which profile and which session. */
export function mcpCommand(surface: Surface): Command {
  return {
    name: 'mcp',
    summary: 'Serve the mesh to an agent over MCP on stdin and stdout',
    usage: ['atoll mcp [--mesh MESH]'],
    example: 'claude mcp add atoll -- atoll mcp',
    positional: [],
    options: { era: { type: 'string', doc: 'Protocol era: 2025 (usual, can push messages) or 2026' } },
    run: async ({ values, signal, terminal }) => {
      const ended = Promise.withResolvers<void>()
      signal.addEventListener('abort', () => ended.resolve())
      const hello = sessionOf(surface)
      const channel = surface.env['ATOLL_CHANNEL'] === '1'
      let agent: string | undefined
      const link = new NodeLink({
        attach: (start, stop) => attach(surface, { ...hello, agent }, values['mesh'] as string | undefined, start, stop),
        attached: (client) => void (channel && push(client)),
        problem: (why) => terminal.err(`atoll mcp: ${why}`),
        pause: (milliseconds, stop) => pause(milliseconds, undefined, { signal: stop }).catch(() => {}),
      })
      const server = () =>
        createMcpServer({
          version,
          channel,
          client: () => link.client(),
          initialized: (name) => {
            agent = name
            link.begin()
          },
        })
      const push = (client: Client): void => {
        const failed = (error: unknown) => terminal.err(`atoll mcp: messages are not pushed: ${toAtollError(error).message}`)
        client.message.watch({}, { event: (message) => void pushMessage(only, message).catch(failed) }).catch((error: unknown) => void (signal.aborted || failed(error)))
      }
      const only = server()
      if (values['era'] === '2026') {
        const transport = new StdioServerTransport()
        transport.onclose = () => ended.resolve()
        serveStdio(server, { transport })
        process.stdin.once('end', () => ended.resolve())
      } else {
        only.onclose = () => ended.resolve()
        await only.connect(new StdioServerTransport())
      }
      await ended.promise
      await link[Symbol.asyncDispose]()
      await only.close()
      return 0
    },
  }
}

function sessionOf({ env, directory }: Surface): SessionHello {
  return {
    session: env['CLAUDE_CODE_SESSION_ID'] || env['ATOLL_SESSION'] || `mcp-${randomBytes(8).toString('hex')}`,
    directory: env['CLAUDE_PROJECT_DIR'] || directory,
    kind: 'mcp',
  }
}

async function attach(surface: Surface, hello: SessionHello, mesh: string | undefined, start: boolean, signal: AbortSignal): Promise<Client> {
  const { connectNode } = await import('../../node/host/connect-node.ts')
  const { home, env, program } = surface
  return connectNode({ home, env, version, hello, signal, mesh: selectMesh(mesh, env, hello.directory ?? surface.directory), program: start ? program : null })
}
