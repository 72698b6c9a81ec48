import { join } from 'node:path'
import type { Settings } from '../ports/config.ts'
import { parseAccessToken, type AccessToken } from '../../crdt/members/access-token.ts'
import { AtollError } from '../ports/errors.ts'
import { silentLog, type Log } from '../ports/log.ts'
import { openConfig } from './config.ts'
import { lockProfile, lockToRead } from './lock.ts'
import { openLog } from './log-file.ts'
import type { OpenPeer, OpenPeerFunction } from './open-peer.ts'
import { openProfile, requirePrivate, socketPath } from './profile.ts'

export interface OpenNodeOptions {
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  /** Settings given on the command line. */
  readonly flags?: Partial<Readonly<Record<keyof Settings, string>>>
  readonly logTo: 'stderr' | 'file'
  /** Whether surfaces attach over the profile's socket; otherwise the node serves its own process only. */
  readonly listens: boolean
  /** For a profile that cannot be written: nothing is, no log either, and no peer is met. The profile exists. */
  readonly readOnly?: boolean
  /** Another way to a peer than the real one: for tests. */
  readonly openPeer?: OpenPeerFunction | undefined
}

/** A peer running on a locked profile. */
export interface OpenNode extends AsyncDisposable {
  readonly peer: OpenPeer
  readonly log: Log
  /** Empty when the node does not listen. */
  readonly socket: string
}

/** Checks and locks the profile, reads its settings and starts the peer. What was opened before a failure is closed again. */
export async function openNode(options: OpenNodeOptions): Promise<OpenNode> {
  const { home, env, version, readOnly = false } = options
  const lock = readOnly ? lockExisting(home) : lockWritable(home, env)
  try {
    const token = readOnly ? undefined : tokenIn(env)
    const config = openConfig({ home, env, ...(options.flags === undefined ? {} : { flags: options.flags }) })
    const log = readOnly ? { ...silentLog, [Symbol.dispose]: () => {} } : openLog({ path: options.logTo === 'file' ? join(home, 'node.log') : undefined, level: () => config.current().log_level })
    try {
      const socket = options.listens ? socketPath(home, env) : ''
      // The only place that knows where the real peers are: one brings libp2p, both SQLite, so they load last.
      const openPeer = options.openPeer ?? (await (readOnly ? import('./peer-to-read.ts') : import('./peer-on-node.ts'))).openPeer
      const peer = await openPeer({ home, config, log, version, socket, token })
      return {
        peer,
        log,
        socket,
        [Symbol.asyncDispose]: async () => {
          try {
            await peer[Symbol.asyncDispose]()
          } finally {
            log[Symbol.dispose]()
            lock[Symbol.dispose]()
          }
        },
      }
    } catch (error) {
      log[Symbol.dispose]()
      throw error
    }
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

/** The token that the environment names. Throws token_malformed, link_version. */
function tokenIn(env: OpenNodeOptions['env']): AccessToken | undefined {
  const given = env['ATOLL_TOKEN']
  if (given === undefined || given === '') return undefined
  const parsed = parseAccessToken(given)
  if (parsed.ok) return parsed.token
  throw parsed.problem === 'version' ? new AtollError('link_version', { version: parsed.version }) : new AtollError('token_malformed', { why: parsed.why })
}

function lockWritable(home: string, env: OpenNodeOptions['env']): Disposable {
  openProfile(home, env)
  return lockProfile(home)
}

function lockExisting(home: string): Disposable {
  requirePrivate(home)
  return lockToRead(home)
}
