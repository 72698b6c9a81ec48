import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AtollError } from '../ports/errors.ts'
import { isProfileLocked, lockProfile, lockToRead } from './lock.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'atoll-lock-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const holder = `
  const { lockProfile } = await import(${JSON.stringify(join(import.meta.dirname, 'lock.ts'))})
  globalThis.lock = lockProfile(process.argv[1])
  process.stdout.write('held')
  setInterval(() => {}, 1000)`

describe('the lock of a profile', () => {
  it('is held once, says by whom, and is free again when let go', () => {
    const lock = lockProfile(home)
    expect(isProfileLocked(home)).toBe(true)
    expect(() => lockProfile(home)).toThrow(new AtollError('node_running', { pid: String(process.pid) }))
    lock[Symbol.dispose]()
    expect(isProfileLocked(home)).toBe(false)
    expect(existsSync(join(home, 'node.pid'))).toBe(false)
    lockProfile(home)[Symbol.dispose]()
  })

  it('is shared by readers, who keep nodes from starting and do not read beside one', () => {
    lockToRead(home)[Symbol.dispose]()
    const node = lockProfile(home)
    expect(() => lockToRead(home)).toThrow(new AtollError('node_running', { pid: String(process.pid) }))
    node[Symbol.dispose]()
    const readers = [lockToRead(home), lockToRead(home)]
    expect(() => lockProfile(home)).toThrow(new AtollError('node_running', { pid: 'unknown' }))
    for (const reader of readers) reader[Symbol.dispose]()
    lockProfile(home)[Symbol.dispose]()
  })

  it('keeps other processes out and ends with its holder, killed -9', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', holder, home], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    try {
      await once(child.stdout, 'data')
      expect(isProfileLocked(home)).toBe(true)
      expect(() => lockProfile(home)).toThrow(`process ${child.pid}`)
    } finally {
      child.kill('SIGKILL')
      await exited
    }
    lockProfile(home)[Symbol.dispose]()
  })
})
