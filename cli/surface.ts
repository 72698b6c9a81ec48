/** What the commands of one run share: where they run, and how they reach a node. */
import type { OpenPeerFunction } from '../node/host/open-peer.ts'
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

/** A client of the profile's node: the one in the background (started where none runs, unless `start` is false), or one inside this process. */
export async function openClient(surface: Surface, how: { readonly mesh: string | undefined; readonly ownNode: boolean; readonly start?: boolean }): Promise<Client> {
  const { home, env, signal } = surface
  const shared = { home, env, version, signal, hello: commandSession(surface), mesh: selectMesh(how.mesh, env, surface.directory) }
  if (how.ownNode) {
    const { openOwnNode } = await import('../node/host/own-node.ts')
    return openOwnNode({ ...shared, logTo: 'file', openPeer: surface.openPeer })
  }
  const { connectNode } = await import('../node/host/connect-node.ts')
  return connectNode({ ...shared, program: how.start === false ? null : surface.program })
}
