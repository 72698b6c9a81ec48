/** A profile directory as a peer sees it: keys, and a folder for each mesh. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { signingPair } from '../../crdt/crypto/sign.ts'
import { fromHex, toHex, type MeshId } from '../../crdt/wire/ids.ts'
import type { Profile } from '../ports/platform.ts'
import { noWitness } from '../ports/witness.ts'
import { AtollError } from '../ports/errors.ts'
import { requirePrivate } from './profile.ts'
import { deviceSecrets } from './device-key.ts'
import { openSqliteStore } from './sqlite-store.ts'
import { tailWitness } from './tail-witness.ts'
import { writeDurably } from './write-durably.ts'

/**
 * `meshes/<id>/mesh.db` holds everything of a mesh; `meshes/<id>/joined` says that founding or joining was finished.
 * Read only, nothing is written on opening it, and no proof of where its logs end is taken.
 */
export function profileOnDisk(home: string, env: Readonly<Record<string, string | undefined>>, { readOnly = false } = {}): Profile {
  const device = deviceSecrets(home)
  const meshes = join(home, 'meshes')
  if (!readOnly) mkdirSync(meshes, { recursive: true, mode: 0o700 })
  const folder = (mesh: string): string => join(meshes, mesh)
  return {
    device,
    machine: machineName(),
    witness: readOnly ? noWitness : tailWitness(signingPair(device.seed).publicKey, env),
    meshes() {
      const names = existsSync(meshes) ? readdirSync(meshes).filter((name) => /^[0-9a-f]{64}$/.test(name)) : []
      const records = names.map((name) => ({ mesh: name as unknown as MeshId, complete: existsSync(join(folder(name), 'joined')) }))
      // An incomplete one would be dropped.
      return readOnly ? records.filter(({ complete }) => complete) : records
    },
    openStore(mesh) {
      if (!readOnly) mkdirSync(folder(mesh), { recursive: true, mode: 0o700 })
      return openSqliteStore({ path: join(folder(mesh), 'mesh.db'), readOnly })
    },
    keep: (mesh) => writeDurably(join(folder(mesh), 'joined'), `${new Date().toISOString()}\n`),
    drop: (mesh) => rmSync(folder(mesh), { recursive: true, force: true }),
    keepRoot(mesh, seed) {
      mkdirSync(join(home, 'recovery'), { recursive: true, mode: 0o700 })
      writeDurably(rootPath(home, mesh), `${toHex(seed)}\n`)
    },
    keptRoot: (mesh) => keptRoot(home, mesh),
  }
}

const rootPath = (home: string, mesh: string): string => join(home, 'recovery', `${mesh}.root`)

/** The seed of the root key that is kept for a mesh; undefined where it was taken away. Throws profile_modes where others could read it, root_damaged where the file holds something else. */
export function keptRoot(home: string, mesh: string): Uint8Array | undefined {
  const path = rootPath(home, mesh)
  if (!existsSync(path)) return undefined
  requirePrivate(path)
  const text = readFileSync(path, 'utf8').trim()
  // It is not quoted: what is left of it may be half a key.
  if (!/^[0-9a-f]{64}$/.test(text)) throw new AtollError('root_damaged', { path })
  return fromHex(text)
}

/** What others see as this machine: its user's name where there is one, else its own. */
function machineName(): string {
  try {
    const { username } = userInfo()
    if (username !== '' && username !== 'root') return username
  } catch {
    // No such user in this container: the host's name does.
  }
  return hostname()
}
