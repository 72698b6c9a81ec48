import { createClient } from '../rpc/client.ts'
import type { Client } from '../rpc/client-types.ts'
import { createDuplexPair } from '../rpc/duplex-pair.ts'
import { serveRpc } from '../rpc/serve.ts'
import type { SessionHello } from '../ports/services.ts'
import { openNode, type OpenNodeOptions } from './open-node.ts'

export interface OwnNodeOptions extends Omit<OpenNodeOptions, 'listens'> {
  readonly hello: SessionHello
  readonly mesh?: string | undefined
  readonly signal: AbortSignal
}

/** A client of a node inside this process (`--own-node`): the same calls over a channel in memory. Disposing stops the node. */
export async function openOwnNode(options: OwnNodeOptions): Promise<Client> {
  const node = await openNode({ ...options, listens: false })
  const stop = new AbortController()
  const [ours, theirs] = createDuplexPair()
  const served = serveRpc(theirs, node.peer.host, { signal: stop.signal, log: node.log })
  const close = async (): Promise<void> => {
    stop.abort()
    await served
    await node[Symbol.asyncDispose]()
  }
  try {
    const client = await createClient(ours, options.hello, { version: options.version, mesh: options.mesh, signal: options.signal })
    return new Proxy(client, { get: (target, key): unknown => (key === Symbol.asyncDispose ? close : Reflect.get(target, key)) })
  } catch (error) {
    await close()
    throw error
  }
}
