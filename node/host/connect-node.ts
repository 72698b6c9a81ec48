/** The surfaces' way to the node of a profile: attach, start one where none runs, replace an older one. */
import { existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AtollError } from '../ports/errors.ts'
import type { SessionHello } from '../ports/services.ts'
import { createClient } from '../rpc/client.ts'
import type { Client } from '../rpc/client-types.ts'
import { rpcProtocol } from '../rpc/frames.ts'
import { openProfile, requirePrivate, socketPath } from './profile.ts'
import { isOlder } from './is-older.ts'
import { socketDuplex } from './socket-duplex.ts'

/** How long attaching may take in all, starting a node included. */
const attachMs = 30_000
/** How long a process may hold the profile without listening: it is starting, closing, or a command with `--own-node`. */
const silentMs = 10_000
const pauseMs = 25

export interface ConnectOptions {
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  readonly hello: SessionHello
  readonly mesh?: string | undefined
  readonly signal: AbortSignal
  /** The program whose `up --background` starts a node; null attaches to a running one only. */
  readonly program: string | null
}

/**
 * Resolves with a client of the profile's node. A node older than this program is stopped and replaced; a
 * newer one is used as long as both speak one protocol. Throws node_unreachable when none runs and none may
 * be started, or what kept it from starting.
 */
export async function connectNode(options: ConnectOptions): Promise<Client> {
  const deadline = AbortSignal.timeout(attachMs)
  const signal = AbortSignal.any([options.signal, deadline])
  let silent: AbortSignal | null = null
  try {
    while (true) {
      const client = await attach(options, signal)
      if (client === null) silent = await startOrWait(options, silent, signal)
      else if (await isUsable(client, options)) return client
    }
  } catch (error) {
    if (options.signal.aborted) throw new AtollError('cancelled', {}, { cause: error })
    if (deadline.aborted) throw new AtollError('timed_out', { seconds: attachMs / 1000, what: 'the node did not come up' }, { cause: error })
    throw error
  }
}

async function attach(options: ConnectOptions, signal: AbortSignal): Promise<Client | null> {
  const path = socketPath(options.home, options.env)
  if (!existsSync(path)) return null
  requirePrivate(options.home)
  requirePrivate(dirname(path))
  const socket = await dial(path, signal)
  if (socket === null) return null
  return createClient(socketDuplex(socket), options.hello, { version: options.version, mesh: options.mesh, signal })
}

/** A connected socket, or null where nobody listens. */
function dial(path: string, signal: AbortSignal): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const socket = connect(path)
    const abandon = () => socket.destroy(new AtollError('cancelled'))
    signal.addEventListener('abort', abandon, { once: true })
    socket.once('connect', () => {
      signal.removeEventListener('abort', abandon)
      socket.removeAllListeners('error')
      resolve(socket)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', abandon)
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(null)
      else reject(error instanceof AtollError ? error : new AtollError('node_unreachable', { why: error.message }, { cause: error }))
    })
  })
}

/** False after an older node was told to make way. */
async function isUsable(client: Client, { version, program }: ConnectOptions): Promise<boolean> {
  const older = isOlder(client.version, version)
  if (!older && client.protocol === rpcProtocol) return true
  if (!older || program === null) {
    if (client.protocol === rpcProtocol) return true
    await client[Symbol.asyncDispose]()
    throw new AtollError('node_version', { theirs: client.version, ours: version })
  }
  await client.callUntyped('node.stop', {})
  await client.closed
  return false
}

/**
 * Starts a node; or, where another process holds the profile (it is just starting, or an old node is still
 * closing), gives it a moment. `silent` fires when such a process has had its time.
 */
async function startOrWait({ home, env, program }: ConnectOptions, silent: AbortSignal | null, signal: AbortSignal): Promise<AbortSignal | null> {
  if (program === null) throw new AtollError('node_unreachable', { why: 'none is running on this profile' })
  openProfile(home, env)
  const [{ isProfileLocked, lockHolder }, { startNode }] = await Promise.all([import('./lock.ts'), import('./start-node.ts')])
  try {
    if (!isProfileLocked(home)) {
      await startNode({ home, env, program, signal })
      return null
    }
  } catch (error) {
    // Another process was quicker: its node will do.
    if (!(error instanceof AtollError) || error.code !== 'node_running') throw error
  }
  if (silent?.aborted === true) throw new AtollError('node_running', { pid: lockHolder(home) })
  await pause(pauseMs, undefined, { signal })
  return silent ?? AbortSignal.timeout(silentMs)
}
