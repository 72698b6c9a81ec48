/** Who is asked for a log that several peers say they hold. */
import { expect, test } from 'vitest'
import type { DeviceId, EntryId, LogId } from '../wire/ids.ts'
import { PeerHeads } from './peer-heads.ts'
import type { HeldLog, SessionHandle, SyncHost } from './ports.ts'
import { Puller } from './puller.ts'

const log = '01'.repeat(16) as LogId
const author = 'aa'.repeat(32) as DeviceId
const beatMs = 5_000

/** Two peers that both announce one log of an author who is away, and a clock that the test turns. */
function scene() {
  let now = 0
  let timers: { at: number; call: () => void }[] = []
  let holder: SessionHandle | undefined
  let held = 0
  const end = (seq: number): HeldLog => ({ log, type: 'content', device: author, seq, id: 'cc'.repeat(32) as EntryId, forked: false, refused: undefined })
  const replica = { logs: () => [], log: () => (held === 0 ? undefined : end(held)), readRun: () => [], readAround: () => [], holds: () => false, receive: () => Promise.reject(new Error('not asked')), heldLonger: () => {}, standing: () => 'admitted' as const }
  const host: SyncHost = {
    after: (ms, call) => {
      const timer = { at: now + ms, call }
      timers.push(timer)
      return { [Symbol.dispose]: () => void (timers = timers.filter((other) => other !== timer)) }
    },
    elapsed: () => now, jitter: () => 0.5, sessions: () => 2,
    claim: (_, by) => (holder === undefined || holder === by) && ((holder = by), true),
    release: (_, by) => void (holder = holder === by ? undefined : holder),
    isDirect: () => false, hears: () => false, onWhisper: () => {}, onBytes: () => {}, onFault: () => {}, onProgress: () => {},
  }
  const asked: string[] = []
  const peer = (name: string, says: number): Puller => {
    const heads = new PeerHeads(replica)
    heads.announced(end(says))
    return new Puller({ remote: name as DeviceId, isClosed: false }, heads, replica, host, () => void asked.push(name))
  }
  /** Lets time pass, with a beat of each every five seconds, one peer a moment before the other. */
  const pass = (ms: number, ...pullers: readonly Puller[]): void => {
    for (const until = now + ms; now < until; ) {
      now += 10
      for (const due of timers.filter(({ at }) => at <= now)) {
        timers = timers.filter((other) => other !== due)
        due.call()
      }
      if (now % beatMs === 0) for (const puller of pullers) puller.beat()
    }
  }
  return { asked, peer, pass, hold: (seq: number) => void (held = seq) }
}

test('C3 T8: a peer that claims to hold a log and does not give it cannot keep it from us for ever', () => {
  const { asked, peer, pass, hold } = scene()
  const [hostile, honest] = [peer('hostile', 1_000), peer('honest', 2)]
  hostile.plan()
  honest.plan()
  expect(asked).toEqual(['hostile'])
  pass(20_000, hostile, honest)
  expect(asked).toEqual(['hostile', 'honest'])
  hold(2)
  honest.arrived(log, 'placed')
  pass(30_000, hostile, honest)
  expect(asked.slice(2), 'it says that there is more').toContain('hostile')
})

test('C3 T8: to give what we hold already is not to give', () => {
  const { asked, peer, pass, hold } = scene()
  hold(1)
  const [hostile, honest] = [peer('hostile', 1_000), peer('honest', 2)]
  hostile.plan()
  honest.plan()
  for (let i = 0; i < 40; i++) {
    pass(500, hostile, honest)
    hostile.arrived(log, 'placed')
  }
  expect(asked).toEqual(['hostile', 'honest'])
})

test('a slow peer that gives a little from time to time is let go on', () => {
  const { asked, peer, pass, hold } = scene()
  const [slow, other] = [peer('slow', 1_000), peer('other', 1_000)]
  slow.plan()
  other.plan()
  for (let seq = 1; seq <= 10; seq++) {
    pass(9_000, slow, other)
    hold(seq)
    slow.arrived(log, 'placed')
  }
  expect(asked).toEqual(['slow'])
})
