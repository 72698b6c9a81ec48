/**
 * What other devices did that only faulty or hostile ones do: a score for each, which halves with time, and no talk with
 * whoever reaches the bound until a while has passed (SPEC, T8). Kept in memory: a start forgets it.
 */
import type { DeviceId } from '../../crdt/wire/ids.ts'
import { limits } from '../../crdt/wire/limits.ts'
import type { Log } from '../ports/log.ts'
import type { Timers } from '../ports/runtime.ts'

/** All there is, by the reasons for which sessions and streams are closed: what it weighs, and how it is said. */
export const offences = {
  malformed_handshake: { weight: 10, text: 'began a session with bytes that are no handshake' },
  malformed_frame: { weight: 25, text: 'sent frames that are none' },
  bad_entries: { weight: 25, text: 'sent entries that do not verify' },
  credit_exceeded: { weight: 25, text: 'sent more than it had leave to send' },
  too_many_wants: { weight: 25, text: 'asked for more logs than may wait' },
  file_malformed: { weight: 25, text: 'sent frames about files that are none' },
  file_unasked: { weight: 25, text: 'sent parts of files that nobody had asked for' },
  file_flood: { weight: 25, text: 'asked for more parts of files than may wait' },
  file_lie: { weight: 35, text: 'sent other parts of files than it was asked for' },
} as const satisfies Record<string, { readonly weight: number; readonly text: string }>
export type Offence = keyof typeof offences

/** Later versions may write entries that this one cannot read, and how many logs there are is not their bearer's doing. */
const notItsFault: ReadonlySet<string> = new Set(['bad_entries:version', 'bad_entries:too_many_logs'])
/** Below this a score is forgotten. */
const leastScore = 1

export interface Offender {
  readonly device: DeviceId
  readonly score: number
  /** What it did last. */
  readonly offence: Offence
  /** How often it was banned lately. */
  readonly bans: number
  /** For how long it is not talked to yet; null: it is talked to. */
  readonly bannedForMs: number | null
}

interface Row {
  score: number
  /** When the score was that. */
  at: number
  offence: Offence
  bans: number
  /** When the last ban ends, or ended. */
  until: number
  timer: Disposable | undefined
}

export interface MisconductNeeds {
  readonly timers: Timers
  readonly log: Log
  /** Somebody is banned, or is no more. */
  readonly onChange: () => void
}

export class Misconduct implements Disposable {
  readonly #needs: MisconductNeeds
  readonly #rows = new Map<DeviceId, Row>()
  readonly #counts = new Map<Offence, number>()

  constructor(needs: MisconductNeeds) {
    this.#needs = needs
  }

  /** How many devices have a score or were banned lately. */
  get size(): number {
    return this.#rows.size
  }

  /** @param reason for which a session or stream was closed; one that stands in no table costs nothing */
  report(device: DeviceId, reason: string): void {
    const offence = offenceOf(reason)
    if (offence === undefined) return
    this.#counts.set(offence, this.count(offence) + 1)
    const now = this.#needs.timers.elapsed()
    const row = this.#rows.get(device) ?? this.#added(device, offence, now)
    const banned = row.until > now
    row.offence = offence
    // What was under way when the ban began does not make it longer.
    if (banned) return
    if (now - row.until >= limits.banRememberedMs) row.bans = 0
    row.score = scoreOf(row, now) + offences[offence].weight
    row.at = now
    if (row.score >= limits.banScore) this.#ban(device, row, now)
  }

  isBanned(device: DeviceId): boolean {
    const row = this.#rows.get(device)
    return row !== undefined && row.until > this.#needs.timers.elapsed()
  }

  /** What is known of one device; undefined: nothing. */
  of(device: DeviceId): Offender | undefined {
    const row = this.#rows.get(device)
    return row && shown(device, row, this.#needs.timers.elapsed())
  }

  /** The banned first, then by score. */
  offenders(): readonly Offender[] {
    const now = this.#needs.timers.elapsed()
    this.#forget(now)
    return [...this.#rows].map(([device, row]) => shown(device, row, now)).sort((a, b) => (b.bannedForMs ?? 0) - (a.bannedForMs ?? 0) || b.score - a.score)
  }

  /** How often this was done since the node started, by anybody. */
  count(offence: Offence): number {
    return this.#counts.get(offence) ?? 0
  }

  /** Forgets everybody. */
  [Symbol.dispose](): void {
    for (const { timer } of this.#rows.values()) timer?.[Symbol.dispose]()
    this.#rows.clear()
  }

  #ban(device: DeviceId, row: Row, now: number): void {
    const ms = Math.min(limits.longestBanMs, limits.banMs * 2 ** row.bans)
    row.bans++
    row.until = now + ms
    // Who goes on where it was cut off is banned sooner than a newcomer.
    row.score = limits.banScore / 2
    row.timer = this.#needs.timers.after(ms, () => this.#needs.onChange())
    this.#needs.log.warn('peer_banned', { device, why: offences[row.offence].text, minutes: ms / 60_000, times: row.bans })
    this.#needs.onChange()
  }

  /** Strangers come with ever new keys: when all rows are taken the lowest score goes, of the banned only if all are. */
  #added(device: DeviceId, offence: Offence, now: number): Row {
    if (this.#rows.size >= limits.offendersKept) this.#forget(now)
    if (this.#rows.size >= limits.offendersKept) {
      const rank = (row: Row): number => (row.until > now ? limits.banScore + row.until - now : scoreOf(row, now))
      const [lowest, row] = [...this.#rows].reduce((low, one) => (rank(one[1]) < rank(low[1]) ? one : low))
      row.timer?.[Symbol.dispose]()
      this.#rows.delete(lowest)
    }
    const row: Row = { score: 0, at: now, offence, bans: 0, until: -Infinity, timer: undefined }
    this.#rows.set(device, row)
    return row
  }

  #forget(now: number): void {
    for (const [device, row] of this.#rows) if (scoreOf(row, now) < leastScore && now - row.until >= limits.banRememberedMs) this.#rows.delete(device)
  }
}

function offenceOf(reason: string): Offence | undefined {
  if (notItsFault.has(reason)) return undefined
  const name = reason.split(':', 1)[0] as string
  return Object.hasOwn(offences, name) ? (name as Offence) : undefined
}

function scoreOf(row: Row, now: number): number {
  return row.score * 0.5 ** ((now - row.at) / limits.offenceHalfLifeMs)
}

function shown(device: DeviceId, row: Row, now: number): Offender {
  return { device, score: scoreOf(row, now), offence: row.offence, bans: row.bans, bannedForMs: row.until > now ? row.until - now : null }
}
