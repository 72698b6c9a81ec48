import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AtollError } from '../ports/errors.ts'
import { openProfile, profileHome, socketPath } from './profile.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'atoll-profile-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const refusal = (work: () => unknown): AtollError => {
  try {
    work()
  } catch (error) {
    if (error instanceof AtollError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a profile', () => {
  it('is where ATOLL_HOME says, or ~/.atoll', () => {
    expect(profileHome({ ATOLL_HOME: '/x/y' })).toBe('/x/y')
    expect(profileHome({ ATOLL_HOME: 'y' })).toBe(join(process.cwd(), 'y'))
    expect(profileHome({})).toMatch(/\/\.atoll$/)
    expect(profileHome({ ATOLL_HOME: '' })).toMatch(/\/\.atoll$/)
  })

  it('is made with mode 0700, whatever the umask', () => {
    const before = process.umask(0)
    try {
      openProfile(join(root, 'a', 'b'), {})
    } finally {
      process.umask(before)
    }
    expect(statSync(join(root, 'a', 'b')).mode & 0o777).toBe(0o700)
  })

  it('H1 refuses wider modes with the command that mends them', () => {
    const home = join(root, 'p')
    mkdirSync(home)
    chmodSync(home, 0o750)
    const error = refusal(() => openProfile(home, {}))
    expect(error.code).toBe('profile_modes')
    expect(error.message).toContain(`chmod 700 '${home}'`)
    chmodSync(home, 0o700)
    openProfile(home, {})
  })

  it('H1 says what is wrong when a file is in the way', () => {
    writeFileSync(join(root, 'p'), '')
    expect(refusal(() => openProfile(join(root, 'p'), {})).message).toContain('a file is in the way')
    expect(refusal(() => openProfile(join(root, 'p', 'q'), {})).message).toContain('a file is in the way')
  })

  it.runIf(process.platform === 'linux')('H1 says so when it cannot be written', () => {
    // The one place where not even root may make a directory.
    const error = refusal(() => openProfile('/sys/atoll', {}))
    expect(error.code).toBe('profile_readonly')
    expect(error.message).toMatch(/cannot be written: (permission is denied|the file system is mounted read-only)/)
  })

  it('keeps its socket inside, or in a short private directory when the path is long', () => {
    const short = join(root, 'p')
    expect(socketPath(short, {})).toBe(join(short, 'node.sock'))
    const long = join(root, 'x'.repeat(100))
    const runtime = join(root, 'run')
    mkdirSync(runtime)
    const { socket } = openProfile(long, { XDG_RUNTIME_DIR: runtime })
    expect(socket.startsWith(join(runtime, 'atoll/'))).toBe(true)
    expect(Buffer.byteLength(socket)).toBeLessThan(107)
    expect(statSync(join(runtime, 'atoll')).mode & 0o777).toBe(0o700)
    expect(socketPath(join(root, 'y'.repeat(100)), { XDG_RUNTIME_DIR: runtime })).not.toBe(socket)
    chmodSync(join(runtime, 'atoll'), 0o755)
    expect(refusal(() => openProfile(long, { XDG_RUNTIME_DIR: runtime })).code).toBe('profile_modes')
  })
})
