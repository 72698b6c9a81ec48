/**
 * What removals let stand of the content that the removed wrote (rule T4, pins). For an author who is no longer an
 * admitted writer, every standing operation that cost it its place has a say, and the lowest pin holds. Leaving
 * binds only what follows, so whoever merely left keeps all.
 */
import type { DeviceId, LogId } from '../wire/ids.ts'
import type { Grant, History, MemberEntry } from './history.ts'
import type { Pin } from './ops.ts'
import { selfLinked, type Reading } from './reading.ts'

/**
 * The pins of one log of a device, one list for each operation that cost the device its place: content stands
 * where it lies within a pin of every list. An empty list lets nothing stand.
 */
export function pinsOf(device: DeviceId, log: LogId, history: History, reading: Reading): readonly (readonly Pin[])[] {
  const causes = new Set<number>()
  for (const grant of history.grants.values()) {
    const links = (history.links.get(grant.at) ?? []).filter((link) => introducedBy(history, link) === device)
    if (!grant.devices.includes(device) && links.length === 0) continue
    for (const at of reading.takers(grant)) causes.add(at)
    for (const at of reading.deviceTakers(device, grant)) causes.add(at)
    fallen(grant.at, history, reading, causes)
    for (const link of links) fallen(link, history, reading, causes)
  }
  return [...causes].map((at) => {
    const { op } = history.entries[at] as MemberEntry
    return op.type === 'remove' || op.type === 'removeDevice' ? op.pins.filter((pin) => pin.log === log) : []
  })
}

/** Collects what makes an operation fall: removals outside whose past it lies, closes, and what its grants fell by. */
function fallen(at: number, history: History, reading: Reading, causes: Set<number>): void {
  const { op, device } = history.entries[at] as MemberEntry
  if (op.type === 'found' || reading.stands(at)) return
  const outside = (cause: number): boolean => !history.inPast(cause, at)
  const hang = (grantAt: number, by: DeviceId): void => {
    const grant = history.grants.get(grantAt) as Grant
    for (const cause of reading.takers(grant).filter(outside)) causes.add(cause)
    for (const cause of reading.deviceTakers(by, grant).filter(outside)) causes.add(cause)
    fallen(grantAt, history, reading, causes)
    for (const link of history.links.get(grantAt) ?? []) {
      if (introducedBy(history, link) === by && link !== at && !selfLinked(op, by)) fallen(link, history, reading, causes)
    }
  }
  hang(history.grantUsed(at) as number, device)
  if (op.type !== 'admit' || !op.invite) return
  const opened = history.at(op.invite.opened) as number
  hang(history.grantUsed(opened) as number, (history.entries[opened] as MemberEntry).device)
  for (const close of history.closes.get(opened) ?? []) if (outside(close) && reading.stands(close)) causes.add(close)
  fallen(opened, history, reading, causes)
}

function introducedBy(history: History, link: number): DeviceId | undefined {
  const { op } = history.entries[link] as MemberEntry
  return op.type === 'link' ? op.introduction.device : undefined
}
