import type { Verify } from '../crypto/sign.ts'
import type { EntryId } from '../wire/ids.ts'
import { verifyEntry, type Entry } from './entry.ts'

/** Where a log stands: its newest entry. */
export interface Head {
  readonly seq: number
  readonly id: EntryId
}

export type ChainProblem = 'wrong_log' | 'wrong_device' | 'wrong_mesh' | 'gap' | 'broken_chain' | 'bad_signature'

/**
 * Verifies a run of entries of one log that follows `after` (undefined: it starts the log).
 * Each names the one before by its hash and each hash covers the signature below it, so one check of the last
 * signature vouches for the whole run (rule T2).
 *
 * @returns undefined when all is well, else what is wrong and with which of them
 */
export function verifyRange(mesh: string, tag: Uint8Array, after: Head | undefined, run: readonly Entry[], verify: Verify): { readonly problem: ChainProblem; readonly at: number } | undefined {
  const first = run[0]
  const last = run.at(-1)
  if (!first || !last) return undefined
  let before = after
  for (const [at, entry] of run.entries()) {
    if (entry.tag.some((byte, i) => byte !== tag[i])) return { problem: 'wrong_mesh', at }
    if (entry.log !== first.log || entry.type !== first.type) return { problem: 'wrong_log', at }
    if (entry.device !== first.device) return { problem: 'wrong_device', at }
    if (entry.seq !== (before?.seq ?? 0) + 1) return { problem: 'gap', at }
    if (before && entry.previous !== before.id) return { problem: 'broken_chain', at }
    before = entry
  }
  return verifyEntry(mesh, last, verify) ? undefined : { problem: 'bad_signature', at: run.length - 1 }
}
