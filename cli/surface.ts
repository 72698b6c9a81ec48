/** What the commands of one run share: where they run, and how they reach a node. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { OpenPeerFunction } from '../node/host/open-peer.ts'
import { AtollError } from '../node/ports/errors.ts'
import type { SessionHello } from '../node/ports/services.ts'
import type { Client } from '../node/rpc/client-types.ts'
import { selectMesh } from './select-mesh.ts'
import type { LiveTerminal } from './terminal.ts'
import { version } from './version.ts'

export interface Surface {
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly directory: string
  readonly terminal: LiveTerminal
  readonly json: boolean
  readonly signal: AbortSignal
  /** The program that runs a node in the background. */
  readonly program: string
  readonly openPeer: OpenPeerFunction | undefined
  readonly now: () => number
}

/** The session of a command: the agent's own when it runs inside one, else one for this command alone. */
export function commandSession({ env, directory }: Pick<Surface, 'env' | 'directory'>): SessionHello {
  const session = env['ATOLL_SESSION'] || env['CLAUDE_CODE_SESSION_ID'] || `cli-${process.pid}-${process.hrtime.bigint()}`
  return { session, directory, kind: 'cli' }
}

export interface OpenClientOptions {
  readonly mesh: string | undefined
  readonly ownNode: boolean
  /** Whether a node is started in the background where none runs; true when left out. */
  readonly start?: boolean
  /** What is asked needs nothing but what is stored: where the profile cannot be written, a peer inside this process reads it. */
  readonly onlyReads?: boolean
}

/** A client of the profile's node: the one in the background, or one inside this process. */
export async function openClient(surface: Surface, how: OpenClientOptions): Promise<Client> {
  try {
    return await openWritingClient(surface, how)
  } catch (error) {
    if (how.onlyReads !== true || !(error instanceof AtollError) || error.code !== 'profile_readonly' || !existsSync(join(surface.home, 'device.key'))) throw error
    const { openOwnNode } = await import('../node/host/own-node.ts')
    const client = await openOwnNode({ ...shared(surface, how), readOnly: true, openPeer: surface.openPeer })
    surface.terminal.err(`The profile cannot be written (${error.details['why']}): this is what it holds, and nothing is synced.`)
    return client
  }
}

async function openWritingClient(surface: Surface, how: OpenClientOptions): Promise<Client> {
  if (how.ownNode) {
    const { openOwnNode } = await import('../node/host/own-node.ts')
    return openOwnNode({ ...shared(surface, how), openPeer: surface.openPeer })
  }
  const { connectNode } = await import('../node/host/connect-node.ts')
  const client = await connectNode({ ...shared(surface, how), program: how.start === false ? null : surface.program })
  if ((surface.env['ATOLL_TOKEN'] ?? '') !== '') await requireToken(client)
  return client
}

/** A node that runs already does not run by our token: what was meant for a machine shall not be done as a person. */
async function requireToken(client: Client): Promise<void> {
  const { token } = await client.node.status({})
  if (token !== null) return
  await client[Symbol.asyncDispose]()
  throw new AtollError('token_profile', { choices: 'a node runs here without one' })
}

function shared(surface: Surface, { mesh }: OpenClientOptions) {
  const { home, env, signal, directory } = surface
  return { home, env, version, signal, hello: commandSession(surface), mesh: selectMesh(mesh, env, directory), logTo: 'file' as const }
}
