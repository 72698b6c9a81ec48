import { expect, test } from 'vitest'
import type { DeviceId } from '../../crdt/wire/ids.ts'
import { limits } from '../../crdt/wire/limits.ts'
import type { LogFields } from '../ports/log.ts'
import { silentLog } from '../ports/log.ts'
import { Misconduct, offences } from './misconduct.ts'
import { VirtualRuntime } from './virtual-runtime.ts'

const device = (name: string): DeviceId => name as DeviceId
const mallory = device('mallory')
const minute = 60_000

class Court implements Disposable {
  readonly time = new VirtualRuntime({ seed: 1, turn: () => new Promise((done) => setImmediate(done)) })
  readonly lines: (LogFields | undefined)[] = []
  changes = 0
  readonly misconduct = new Misconduct({ timers: this.time.timers, log: { ...silentLog, warn: (_, fields) => void this.lines.push(fields) }, onChange: () => this.changes++ })

  report(times: number, reason = 'malformed_frame', by = mallory): void {
    for (let i = 0; i < times; i++) this.misconduct.report(by, reason)
  }

  /** Offends until banned. @returns for how long */
  ban(by = mallory): number | null | undefined {
    for (let i = 0; i < 20 && !this.misconduct.isBanned(by); i++) this.report(1, 'malformed_frame', by)
    return this.misconduct.of(by)?.bannedForMs
  }

  [Symbol.dispose](): void {
    this.misconduct[Symbol.dispose]()
    this.time[Symbol.dispose]()
  }
}

test('T8: a score at the bound bans, one below it does not; one line says whom, why and for how long', () => {
  using court = new Court()
  const allowed = limits.banScore / offences.malformed_frame.weight - 1
  court.report(allowed)
  expect([court.misconduct.isBanned(mallory), court.misconduct.of(mallory)?.score, court.lines]).toEqual([false, limits.banScore - offences.malformed_frame.weight, []])
  court.report(1, 'bad_entries:bad_signature')
  expect(court.misconduct.of(mallory)).toEqual({ device: mallory, score: limits.banScore / 2, offence: 'bad_entries', bans: 1, bannedForMs: limits.banMs })
  expect(court.lines).toEqual([{ device: mallory, why: 'sent entries that do not verify', minutes: 5, times: 1 }])
  expect([court.misconduct.count('malformed_frame'), court.misconduct.count('bad_entries'), court.changes]).toEqual([allowed, 1, 1])
})

test('T8: no reason bans but those of the table, and none of them at once; entries of a later version and full tables cost nothing', () => {
  using court = new Court()
  for (const reason of ['silent', 'storage', 'unknown_mesh', 'replaced', 'peer: malformed_frame', 'bad_entries:version', 'bad_entries:too_many_logs', 'toString', '']) court.report(100, reason)
  expect([court.misconduct.size, court.changes]).toEqual([0, 0])
  expect(Math.max(...Object.values(offences).map(({ weight }) => weight))).toBeLessThan(limits.banScore / 2)
})

test('T8: a score halves with time, and is forgotten', async () => {
  using court = new Court()
  court.report(2)
  await court.time.advance(limits.offenceHalfLifeMs)
  expect(court.misconduct.of(mallory)?.score).toBeCloseTo(25)
  court.report(2)
  expect(court.misconduct.isBanned(mallory)).toBe(false)
  await court.time.advance(7 * limits.offenceHalfLifeMs)
  expect([court.misconduct.offenders(), court.misconduct.size]).toEqual([[], 0])
})

test('T8: a ban ends by itself, the next is twice as long, up to an hour; after a day without any it is short again', async () => {
  using court = new Court()
  const lasted: (number | null | undefined)[] = []
  for (let i = 0; i < 6; i++) {
    const ms = court.ban()
    lasted.push(ms)
    await court.time.advance((ms ?? 0) - 1)
    expect(court.misconduct.isBanned(mallory)).toBe(true)
    const changes = court.changes
    await court.time.advance(1)
    expect([court.misconduct.isBanned(mallory), court.changes - changes]).toEqual([false, 1])
  }
  expect(lasted).toEqual([5, 10, 20, 40, 60, 60].map((minutes) => minutes * minute))
  await court.time.advance(limits.banRememberedMs - 1)
  expect(court.misconduct.offenders()).toMatchObject([{ device: mallory, bans: 6, bannedForMs: null }])
  await court.time.advance(1)
  expect(court.ban()).toBe(limits.banMs)
})

test('T8: what was under way when the ban began does not make it longer', async () => {
  using court = new Court()
  court.ban()
  await court.time.advance(minute)
  court.report(50)
  expect(court.misconduct.of(mallory)).toMatchObject({ bans: 1, bannedForMs: limits.banMs - minute, offence: 'malformed_frame' })
})

test('T8: of more devices than are kept the lowest score goes, and the banned stay', () => {
  using court = new Court()
  court.ban()
  court.report(1, 'malformed_handshake', device('least'))
  for (let i = court.misconduct.size; i < limits.offendersKept; i++) court.report(2, 'malformed_frame', device(`stranger ${i}`))
  expect([court.misconduct.size, court.misconduct.of(device('least'))?.score]).toEqual([limits.offendersKept, offences.malformed_handshake.weight])
  court.report(1, 'malformed_frame', device('one more'))
  expect([court.misconduct.size, court.misconduct.of(device('least')), court.misconduct.of(device('one more'))?.score]).toEqual([limits.offendersKept, undefined, offences.malformed_frame.weight])
  expect(court.misconduct.offenders()[0]).toMatchObject({ device: mallory, bans: 1 })
  // Where all are banned, the ban that ends first.
  for (let i = 0; i < 2 * limits.offendersKept; i++) court.ban(device(`flood ${i}`))
  expect([court.misconduct.size, court.misconduct.offenders().every(({ bannedForMs }) => bannedForMs !== null)]).toEqual([limits.offendersKept, true])
})
