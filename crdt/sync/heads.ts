import { hasher } from '../crypto/hash.ts'
import { encode, fixed, list, struct, uint } from '../wire/codec.ts'
import { fromHex, type EntryId, type LogId } from '../wire/ids.ts'
import type { AnnouncedHead } from './frames.ts'
import type { HeldLog } from './ports.ts'
import { domains } from '../wire/protocols.ts'

const digested = list(struct({ log: fixed(16), seq: uint, id: fixed(32) }), Number.MAX_SAFE_INTEGER)
const hashHeads = hasher(domains.headsDigest)

/** Where a log ends, for comparing. */
export interface HeadPoint {
  readonly log: LogId
  readonly seq: number
  readonly id: EntryId
  readonly forked: boolean
}

/**
 * One hash over all heads in the order of their logs. Forked logs are left out: peers hold different branches of them
 * and owe each other nothing of those (rule C3).
 */
export function headsDigest(heads: Iterable<HeadPoint>): Uint8Array {
  const points = [...heads].filter(({ forked }) => !forked).sort((a, b) => (a.log < b.log ? -1 : 1))
  return hashHeads(encode(digested, points.map(({ log, seq, id }) => ({ log: fromHex(log), seq, id: fromHex(id) }))))
}

/** A log as it is announced. */
export function announced({ log, type, device, seq, id, forked }: HeldLog): AnnouncedHead {
  return { log, type, device, seq, id, forked }
}
