/**
 * What removals let stand of the content that the removed wrote (rule T4, pins). For an author who is no longer an
 * admitted writer, every standing operation that cost it its place has a say, and the lowest pin holds. Leaving
 * binds only what follows, so whoever merely left keeps all.
 *
 * A place is a grant that lets write. While one of them stands, though taken, what made another one fall did not put
 * the author out: an honest writer loses nothing by a promotion that turned out to be void. Only when all fell does
 * what they fell by decide.
 */
import { writers } from './roles.ts'
import type { DeviceId, LogId } from '../wire/ids.ts'
import { signedByRoot, type Grant, type History, type MemberEntry, type Positions, type Seat } from './history.ts'
import type { Pin } from './ops.ts'
import type { Reading } from './reading.ts'

/**
 * The pins of one log of a device, one list for each operation that cost the device its place, in an order that does
 * not depend on arrival. Content stands where it lies within a pin of every list; an empty list lets nothing stand.
 * @param known operations that the content knew of: they do not bind it
 */
export function pinsOf(device: DeviceId, log: LogId, reading: Reading, known: Positions | undefined): readonly (readonly Pin[])[] {
  const { history } = reading
  const entry = (at: number): MemberEntry => history.entries[at] as MemberEntry
  const causes = [...causesOf(device, reading)].filter((at) => !known?.has(at)).sort((a, b) => (entry(a).id < entry(b).id ? -1 : 1))
  return causes.map((at) => {
    const { op } = entry(at)
    return op.type === 'remove' || op.type === 'removeDevice' ? op.pins.filter((pin) => pin.log === log) : []
  })
}

function causesOf(device: DeviceId, reading: Reading): Set<number> {
  const { history } = reading
  const all = (history.seats.get(device) ?? []).filter((seat) => reading.has(seat.at))
  const writing = all.filter((seat) => writers.has(grantOf(seat, history).role))
  const seats = writing.length > 0 ? writing : all
  const standing = seats.filter((seat) => reading.stands(seat.at))
  const taken = standing.map((seat) => new Set([...reading.takers(grantOf(seat, history)), ...reading.deviceTakers(device, grantOf(seat, history))]))
  if (taken.some((causes) => causes.size === 0)) return new Set()
  return standing.length > 0 ? new Set(taken.flatMap((causes) => [...causes])) : fallenBy(seats.map((seat) => seat.at), reading)
}

/** What made operations fall: removals and closes outside whose past they lie, and what the grants and links they used fell by. */
export function fallenBy(fallen: readonly number[], reading: Reading): Set<number> {
  const { history } = reading
  const causes = new Set<number>()
  // Grows while it is gone through: each once, however often the tree of grants leads there.
  const open = new Set(fallen)
  for (const at of open) {
    const entry = history.entries[at] as MemberEntry
    const outside = (cause: number): boolean => cause !== at && !history.inPast(cause, at)
    const fell = (other: number): boolean => history.inPast(at, other) && !reading.stands(other)
    const hang = (by: number): void => {
      const grant = history.grantBehind(by)
      const { device } = history.entries[by] as MemberEntry
      for (const cause of reading.takers(grant).filter(outside)) causes.add(cause)
      if (fell(grant.at)) open.add(grant.at)
      if (by === at && signedByRoot(entry) && entry.op.type === 'removeDevice') return
      for (const cause of reading.deviceTakers(device, grant).filter(outside)) causes.add(cause)
      if (reading.isSeated(device, grant.at, history.pasts[at])) return
      for (const seat of history.seats.get(device) ?? []) if (seat.grant === grant.at && fell(seat.at)) open.add(seat.at)
    }
    hang(at)
    if (entry.op.type !== 'admit' || !entry.op.invite) continue
    const opened = history.at(entry.op.invite.opened) as number
    hang(opened)
    if (fell(opened)) open.add(opened)
    for (const close of history.closes.get(opened) ?? []) if (outside(close) && reading.stands(close)) causes.add(close)
  }
  return causes
}

const grantOf = (seat: Seat, history: History): Grant => history.grants.get(seat.grant) as Grant
