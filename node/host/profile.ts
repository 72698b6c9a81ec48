import { accessSync, chmodSync, constants, lstatSync, mkdirSync, statSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { AtollError } from '../ports/errors.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Where one device keeps everything, and where its node listens. */
export interface Profile {
  /** Absolute. */
  readonly home: string
  /** The node's Unix socket. */
  readonly socket: string
}

/** Longest socket path used inside the profile; the kernel's own limit is 107 bytes. */
const socketPathBytes = 100

/** The profile directory that the environment names: ATOLL_HOME, or `~/.atoll`. Touches nothing. */
export function profileHome(env: Env): string {
  const named = env['ATOLL_HOME']
  return named === undefined || named === '' ? join(homedir(), '.atoll') : resolve(named)
}

/** The socket's path for a profile: inside it, or in a short private directory where that path is too long. Touches nothing. */
export function socketPath(home: string, env: Env): string {
  const inside = join(home, 'node.sock')
  if (Buffer.byteLength(inside) <= socketPathBytes) return inside
  // Loaded only here: it takes several milliseconds, and every command asks for this path.
  const { createHash } = process.getBuiltinModule('node:crypto')
  return join(runtimeDirectory(env), `${createHash('sha256').update(home).digest('hex').slice(0, 16)}.sock`)
}

/**
 * Makes sure that the profile exists and is private. Throws profile_modes with the command that mends it, or
 * profile_readonly. Nothing is mended silently: what was open to others may have been read.
 */
export function openProfile(home: string, env: Env): Profile {
  makePrivate(home)
  requireWritable(home)
  const socket = socketPath(home, env)
  if (!socket.startsWith(join(home, '/'))) makePrivate(runtimeDirectory(env))
  return { home, socket }
}

/** Throws profile_modes unless `path` belongs to this user and nobody else may enter it. */
export function requirePrivate(path: string): void {
  const stat = statSync(path)
  const mode = stat.mode & 0o777
  const shown = mode.toString(8).padStart(4, '0')
  if (process.getuid !== undefined && stat.uid !== process.getuid()) {
    throw new AtollError('profile_modes', { path, mode: `${shown}, owner ${stat.uid}`, command: `sudo chown -R ${process.getuid()} '${path}' && chmod 700 '${path}'` })
  }
  if ((mode & 0o077) !== 0) throw new AtollError('profile_modes', { path, mode: shown, command: `chmod ${stat.isDirectory() ? '700' : '600'} '${path}'` })
}

function runtimeDirectory(env: Env): string {
  const own = env['XDG_RUNTIME_DIR']
  if (own !== undefined && own !== '' && Buffer.byteLength(own) < 60) return join(own, 'atoll')
  return join(tmpdir(), `atoll-${process.getuid?.() ?? 'user'}`)
}

function makePrivate(path: string): void {
  try {
    // mkdir's mode is narrowed by the umask and never widened; say it outright only for what was made here.
    if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(path, 0o700)
  } catch (error) {
    throw new AtollError('profile_readonly', { path, why: reason(error) }, { cause: error })
  }
  if (!lstatSync(path).isDirectory() && !statSync(path).isDirectory()) throw new AtollError('profile_readonly', { path, why: 'it is not a directory' })
  requirePrivate(path)
}

function requireWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new AtollError('profile_readonly', { path, why: reason(error) }, { cause: error })
  }
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EROFS') return 'the file system is mounted read-only'
  if (code === 'EACCES' || code === 'EPERM') return 'permission is denied'
  if (code === 'EEXIST' || code === 'ENOTDIR') return 'a file is in the way'
  if (code === 'ENOSPC') return 'the disk is full'
  return error instanceof Error ? error.message : String(error)
}
