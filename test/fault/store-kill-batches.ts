/** What the killed child commits: each batch is known from the seq it begins with, so that the parent can tell what must be there. */
import type { Batch, MeshStore } from '../../node/ports/store.ts'
import { batch, entry, logOf, note } from '../contract/store-samples.ts'

export const nextSeq = (store: MeshStore): number => (store.logs()[0]?.seq ?? 0) + 1

/** One entry, now and then many; a row and a note for each; now and then a large value; a row that every batch changes. */
export function batchOf(seq: number): Batch {
  const seqs = Array.from({ length: seq % 7 === 0 ? 40 : 1 }, (_, i) => seq + i)
  return batch({
    entries: seqs.map((one) => entry(one)),
    puts: [
      ...seqs.map((one) => ({ table: 'register' as const, key: keyOf(one), value: valueOf(one) })),
      { table: 'meta', key: 'last', value: numberBytes(seqs.at(-1) as number) },
    ],
    notes: seqs.map((one) => note(`note${one % 50}`, `number${one} stands here`)),
  })
}

/** What is wrong with a store that was killed after `acknowledged`; nothing, if all is well. */
export function wrongWith(store: MeshStore, acknowledged: number): readonly string[] {
  const last = nextSeq(store) - 1
  const wrong: string[] = []
  if (last < acknowledged) wrong.push(`seq ${acknowledged} was acknowledged, ${last} is the last`)
  const entries = store.read(logOf(1), 0, Number.MAX_SAFE_INTEGER)
  for (let seq = 1; seq <= last; seq++) {
    if (!same(entries[seq - 1]?.bytes, entry(seq).bytes)) wrong.push(`entry ${seq}`)
    if (!store.has(entry(seq).id)) wrong.push(`the id of entry ${seq}`)
    if (!same(store.get('register', keyOf(seq)), valueOf(seq))) wrong.push(`the row of ${seq}`)
  }
  if (store.count('register') !== last) wrong.push(`${store.count('register')} rows for ${last} entries`)
  if (last > 0 && !same(store.get('meta', 'last'), numberBytes(last))) wrong.push('the row that every batch changes')
  for (let seq = Math.max(1, last - 49); seq <= last; seq++) {
    const found = store.search([{ words: [`number${seq}`], prefix: false }], [], 9).map((one) => one.note)
    if (found.join() !== `note${seq % 50}`) wrong.push(`the note of ${seq}: ${found.join()}`)
  }
  return wrong
}

const keyOf = (seq: number): string => `state\0${(Math.imul(seq, 2654435761) >>> 0).toString(16)}/${seq}`
const valueOf = (seq: number): Uint8Array => new Uint8Array(seq % 31 === 0 ? 20_000 : 100).fill(seq)
const numberBytes = (n: number): Uint8Array => new TextEncoder().encode(String(n))
const same = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0
