/**
 * How a change takes the place of what it builds on (rules C2, T4), the same for whatever is folded: heads that its
 * `deps` name are heads no more, what had been set aside as void stands since a standing change builds on it, and what
 * has not come yet is remembered as superseded.
 */
import { decode, type Codec } from '../wire/codec.ts'
import type { EntryId, LogId } from '../wire/ids.ts'
import type { Tables } from './tables.ts'

interface Place {
  readonly log: LogId
  readonly seq: number
}

/** A log knows its own past: what it said before is replaced whether it says so or not. */
export function replaceOwn(heads: Map<EntryId, Place>, { log, seq }: Place): void {
  for (const [entry, head] of heads) if (head.log === log && head.seq < seq) heads.delete(entry)
}

/**
 * @param at begins the keys of marks: what is changed
 * @param codec of void changes that were set aside
 * @param folded whether an entry's changes have been folded here already
 * @returns the void changes that stand now
 */
export function buildOn<Aside extends Place & { readonly deps: readonly EntryId[] }>(tables: Tables, at: string, deps: readonly EntryId[], heads: Map<EntryId, Place>, codec: Codec<Aside>, folded: (id: EntryId) => boolean): readonly Aside[] {
  const adopted: Aside[] = []
  const left = [...deps]
  for (let dep = left.pop(); dep !== undefined; dep = left.pop()) {
    if (heads.delete(dep)) continue
    const mark = `${at}\0${dep}`
    const stored = tables.get('void', mark)
    const aside = stored && decode(codec, stored)
    if (aside?.ok) {
      replaceOwn(heads, aside.value)
      left.push(...aside.value.deps)
      tables.put('void', mark, undefined)
      adopted.push(aside.value)
    } else if (!folded(dep)) tables.put('superseded', mark, new Uint8Array())
  }
  return adopted
}
