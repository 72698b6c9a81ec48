import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { logFileBytes, openLog, type LogLevel } from './log-file.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'atoll-log-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const lines = (path: string) => readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>)

describe('the log', () => {
  it('writes JSON lines with time, level, scope and fields', () => {
    const path = join(home, 'node.log')
    const log = openLog({ path, level: () => 'info', now: () => 0 })
    log.info('began', { port: 1 })
    log.scope('a').scope('b').warn('odd')
    log.debug('not this')
    log[Symbol.dispose]()
    log.info('nor this')
    expect(lines(path)).toEqual([
      { at: '1970-01-01T00:00:00.000Z', level: 'info', event: 'began', port: 1 },
      { at: '1970-01-01T00:00:00.000Z', level: 'warn', scope: 'a.b', event: 'odd' },
    ])
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('asks for its level with each line', () => {
    const path = join(home, 'node.log')
    let level: LogLevel = 'error'
    const log = openLog({ path, level: () => level })
    log.info('no')
    level = 'debug'
    log.debug('yes')
    expect(lines(path).map((line) => line['event'])).toEqual(['yes'])
    log[Symbol.dispose]()
  })

  it('T8 puts the file aside when it is full and keeps one', () => {
    const path = join(home, 'node.log')
    writeFileSync(path, 'x'.repeat(logFileBytes - 10))
    const log = openLog({ path, level: () => 'info' })
    log.info('first of the new')
    log.info('second')
    log[Symbol.dispose]()
    expect(lines(path).map((line) => line['event'])).toEqual(['first of the new', 'second'])
    expect(statSync(`${path}.1`).size).toBe(logFileBytes - 10)
  })

  it('a line that could not be written is counted in the next', () => {
    const path = join(home, 'node.log')
    const log = openLog({ path, level: () => 'info' })
    const circular = { self: null as unknown }
    circular.self = circular
    log.info('lost', circular as never)
    log.info('kept')
    log[Symbol.dispose]()
    expect(lines(path)).toMatchObject([{ event: 'kept', lines_lost: 1 }])
  })
})
