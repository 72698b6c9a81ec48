/** The MCP server: tools derived from the operations, answered by the node behind a NodeLink. */
import { ProgressText } from '../ops/progress-text.ts'
import { Server } from '@modelcontextprotocol/server'
import type { Message } from '../ports/services.ts'
import type { Client } from '../rpc/client-types.ts'
import { callTool } from './call-tool.ts'
import { frameMessage } from './frame-messages.ts'
import { instructions } from './instructions.ts'
import { toolTable } from './tool-table.ts'

export interface McpServerOptions {
  readonly version: string
  /** The node, once it is there. */
  client(): Promise<Client>
  /** Called when the agent has said who it is. */
  initialized(agent: string | undefined): void
  /** Offers the channel capability, by which messages are pushed into the session. */
  readonly channel: boolean
  /** A path as this process sees it, made absolute. */
  readonly absolute: (path: string) => string
}

/** An unconnected server; its owner connects it to a transport. */
export function createMcpServer(options: McpServerOptions): Server {
  const server = new Server(
    { name: 'atoll', title: 'Atoll', version: options.version },
    { capabilities: { tools: {}, ...(options.channel ? { experimental: { 'claude/channel': {} } } : {}) }, instructions },
  )
  server.setRequestHandler('tools/list', () => ({ tools: toolTable.map((row) => row.tool) }))
  server.setRequestHandler('tools/call', ({ params }, context) => {
    const token = context.mcpReq._meta?.progressToken
    let step = 0
    const text = new ProgressText(() => performance.now())
    return callTool(params.name, params.arguments ?? {}, options.client, {
      signal: context.mcpReq.signal,
      absolute: options.absolute,
      progress: (said, done, total, unit) => {
        if (token === undefined) return
        const message = unit === 'bytes' && done !== undefined ? text.say(said, done, total) : said
        const params = { progressToken: token, progress: done ?? ++step, message, ...(total === undefined ? {} : { total }) }
        // Progress that cannot be told is no reason to fail; a closed transport ends the call by its signal.
        context.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {})
      },
    })
  })
  server.oninitialized = () => options.initialized(server.getClientVersion()?.name)
  return server
}

/** Pushes one message into the session over the channel; rejects when the transport is closed. */
export async function pushMessage(server: Server, message: Message): Promise<void> {
  const { id, from, mesh_name: mesh, priority } = message
  await server.notification({ method: 'notifications/claude/channel', params: { content: frameMessage(message), meta: { message_id: id, from, mesh, priority } } } as never)
}
