import { expect, test } from 'vitest'
import type { RelayClock } from './relay-clock.ts'
import { defaultLimits, type RelayLimits } from './relay-limits.ts'
import { Reservations } from './reservations.ts'

function table(limits: Partial<RelayLimits>) {
  let now = 1_000
  const clock: RelayClock = { now: () => now, after: () => () => {} }
  return { reservations: new Reservations({ ...defaultLimits, reservationMs: 100, ...limits }, clock), pass: (ms: number) => void (now += ms) }
}

test('T8: a full table refuses newcomers and renews those it holds', () => {
  const { reservations } = table({ reservations: 2 })
  expect(reservations.reserve('a', '10.0.0.1')).toEqual({ ok: true, expiresAt: 1_100 })
  expect(reservations.reserve('b', '10.0.0.2').ok).toBe(true)
  expect(reservations.reserve('c', '10.0.0.3')).toEqual({ ok: false, reason: 'reservations_full' })
  expect(reservations.reserve('a', '10.0.0.1').ok).toBe(true)
  reservations.drop('a')
  expect(reservations.reserve('c', '10.0.0.3').ok).toBe(true)
})

test('T8: an address has its share, and moving to another counts there', () => {
  const { reservations } = table({ reservationsPerAddress: 1 })
  expect(reservations.reserve('a', '10.0.0.1').ok).toBe(true)
  expect(reservations.reserve('b', '10.0.0.1')).toEqual({ ok: false, reason: 'reservations_per_address' })
  expect(reservations.reserve('a', '10.0.0.2').ok).toBe(true)
  expect(reservations.reserve('b', '10.0.0.1').ok).toBe(true)
  expect(reservations.reserve('c', undefined).ok).toBe(true)
  expect(reservations.reserve('d', undefined).ok).toBe(true)
})

test('a reservation ends when it expires, counted from its last renewal', () => {
  const { reservations, pass } = table({ reservations: 1 })
  reservations.reserve('a', undefined)
  for (let renewals = 0; renewals < 5; renewals++) {
    pass(90)
    reservations.reserve('a', undefined)
  }
  pass(99)
  expect(reservations.has('a')).toBe(true)
  pass(1)
  expect(reservations.has('a')).toBe(false)
  expect(reservations.reserve('b', undefined).ok).toBe(true)
  expect(reservations.size).toBe(1)
})
