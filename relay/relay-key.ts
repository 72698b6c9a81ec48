import { chmodSync, closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { RelayError } from './relay-error.ts'

/**
 * The relay's key from its file, made on first use, so that the peer id in people's links outlives a restart.
 * The file is refused when anybody else may read it, and so is its directory where `privateDirectory` says that
 * it is ours alone. Throws RelayError.
 */
export async function loadRelayKey(path: string, { privateDirectory }: { readonly privateDirectory: boolean }): Promise<PrivateKey> {
  try {
    makeDirectory(dirname(path))
    if (privateDirectory) requirePrivate(dirname(path), '700')
    if (statSync(path, { throwIfNoEntry: false }) === undefined) create(path, await generateKeyPair('Ed25519'))
    requirePrivate(path, '600')
    return parse(path, readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof RelayError) throw error
    throw new RelayError({ problem: 'key_unreadable', path, why: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
}

function makeDirectory(path: string): void {
  // What the umask leaves of mkdir's mode may be less than 0700, never more; directories that exist stay as they are.
  if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(path, 0o700)
}

function requirePrivate(path: string, mode: '600' | '700'): void {
  const found = statSync(path).mode & 0o777
  if ((found & 0o077) === 0) return
  const quoted = /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
  throw new RelayError({ problem: 'key_modes', path, mode: found.toString(8).padStart(4, '0'), command: `chmod ${mode} ${quoted}` })
}

function parse(path: string, text: string): PrivateKey {
  try {
    return privateKeyFromProtobuf(Buffer.from(text.trim(), 'base64'))
  } catch (error) {
    throw new RelayError({ problem: 'key_malformed', path }, { cause: error })
  }
}

/** Whole or not at all: written aside, synced, then linked, which fails if another process was quicker. */
function create(path: string, key: PrivateKey): void {
  const aside = `${path}.${process.pid}`
  const file = openSync(aside, 'wx', 0o600)
  try {
    writeSync(file, `${Buffer.from(privateKeyToProtobuf(key)).toString('base64')}\n`)
    fsyncSync(file)
    linkSync(aside, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    closeSync(file)
    unlinkSync(aside)
  }
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
