import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { MeshId } from '../../crdt/wire/ids.ts'
import { AtollError } from '../ports/errors.ts'
import { keptRoot, profileOnDisk } from './profile-on-disk.ts'
import { writeDurably } from './write-durably.ts'

const codeOf = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error instanceof AtollError ? error.code : (error as NodeJS.ErrnoException).code
  }
}

describe('what a profile keeps for its owner', () => {
  let home = ''
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'atoll-profile-'))
  })
  afterEach(() => rmSync(home, { recursive: true }))

  it('R1: a root key is there again for who comes back; what is missing, damaged or open to others is said', () => {
    const mesh = 'ab'.repeat(32) as MeshId
    const seed = new Uint8Array(32).fill(7)
    const profile = profileOnDisk(home, { XDG_RUNTIME_DIR: home })
    expect(profile.keptRoot(mesh)).toBeUndefined()
    profile.keepRoot(mesh, seed)
    expect(profile.keptRoot(mesh)).toEqual(seed)
    expect(keptRoot(home, mesh)).toEqual(seed)
    const path = join(home, 'recovery', `${mesh}.root`)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    chmodSync(path, 0o644)
    expect(codeOf(() => keptRoot(home, mesh))).toBe('profile_modes')
    chmodSync(path, 0o600)
    writeFileSync(path, '07'.repeat(31))
    expect(codeOf(() => keptRoot(home, mesh))).toBe('root_damaged')
  })

  it('R2: a file is written whole, for this user alone, and replaces another only where it may', () => {
    const path = join(home, 'backup')
    writeDurably(path, Uint8Array.of(1, 2), { replace: false })
    expect(statSync(path)).toMatchObject({ size: 2, nlink: 1 })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(codeOf(() => writeDurably(path, 'other', { replace: false }))).toBe('EEXIST')
    expect(statSync(path).size).toBe(2)
    writeDurably(path, 'other')
    expect(statSync(path).size).toBe(5)
  })
})
