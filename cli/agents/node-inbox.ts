/** The inbox of a session, over a connection to the node that runs. */
import { connectNode } from '../../node/host/connect-node.ts'
import { toAtollError } from '../../node/ports/errors.ts'
import type { Client } from '../../node/rpc/client-types.ts'
import { version } from '../version.ts'
import type { Inbox, OpenInbox } from './inbox.ts'

/** Which node, and as which session. */
export interface NodeInboxOptions {
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly session: string
  readonly directory: string
  /** As the agent calls itself to its MCP servers. */
  readonly agent: string
}

/**
 * Attaches as the session's MCP server does, with the same words about it: whichever of them comes first, or
 * alone, peers see one session. As a command's (`cli`) it would be nobody's until the server is there, and the
 * messages those of the person at the command line. Never starts a node.
 */
export function nodeInbox({ home, env, session, directory, agent }: NodeInboxOptions): OpenInbox {
  return async (signal) => clientInbox(await connectNode({ home, env, version, hello: { session, directory, agent, kind: 'mcp' }, signal, program: null }), signal)
}

/** How far into the inbox one look goes. */
const lookLimit = 1000

/**
 * The inbox of the session that the client is attached as. Disposing it closes the client. The signal ends a
 * look, but not a taking: what the node gave out by then would be lost.
 */
export function clientInbox(client: Client, signal: AbortSignal): Inbox {
  const look = async () => (await client.message.inbox({ limit: lookLimit, peek: true }, { signal })).messages
  return {
    waiting: async (limit) => (await look()).filter(({ unasked }) => unasked).slice(0, limit),
    take: async (wanted) => (wanted.length === 0 ? [] : (await client.message.inbox({ ids: wanted.map(({ id }) => id), limit: wanted.length })).messages),
    watch: (arrived, until) => unlessCancelled(client.message.watch({}, { signal: until, event: () => arrived() }), until),
    notices: (on, until) => unlessCancelled(client.audit.watch({}, { signal: until, event: on }), until),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}

async function unlessCancelled(watching: Promise<unknown>, until: AbortSignal): Promise<void> {
  try {
    await watching
  } catch (error) {
    if (!until.aborted || toAtollError(error).code !== 'cancelled') throw error
  }
}
