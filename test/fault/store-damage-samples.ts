/** A store with real entries (salvage reads nothing else), rows and notes, to be damaged. */
import { buildEntry, logIds } from '../../crdt/log/entry.ts'
import { signingPair } from '../../crdt/crypto/sign.ts'
import type { DeviceId, EntryId, LogId, MeshId } from '../../crdt/wire/ids.ts'
import { openSqliteStore } from '../../node/host/sqlite-store.ts'
import type { MeshStore, NewEntry } from '../../node/ports/store.ts'
import { batch, hexOf, note } from '../contract/store-samples.ts'

const mesh = hexOf(32, 1) as MeshId
const logs = [1, 2, 3].map((n) => {
  const pair = signingPair(new Uint8Array(32).fill(n))
  const device = pair.publicKey as DeviceId
  return { log: logIds.make(device, new Uint8Array(6).fill(n)), device, pair }
})
export const entriesPerLog = 150

/** Entries of several logs in the order they came, of sizes from small to many pages. */
export function sampleEntries(): readonly NewEntry[] {
  const entries: NewEntry[] = []
  const heads = new Map<LogId, EntryId>()
  for (let seq = 1; seq <= entriesPerLog; seq++) {
    for (const { log, device, pair } of logs) {
      const plain = new Uint8Array(seq % 40 === 0 ? 60_000 : seq % 9 === 0 ? 5_000 : 100 + seq).fill(seq)
      const sealed = { epoch: hexOf(32, 7) as EntryId, nonce: new Uint8Array(24).fill(seq), key: new Uint8Array(32).fill(3), plain }
      const frontier = seq === 1 ? [hexOf(32, 8) as EntryId] : undefined
      const built = buildEntry(mesh, { type: 'content', log, seq, previous: heads.get(log), device, clock: { ms: seq, counter: 0 }, frontier, op: undefined, sealed }, pair)
      heads.set(log, built.id)
      entries.push({ id: built.id, log, type: 'content', device: built.device, seq, bytes: built.bytes, vouched: seq % 3 === 0 })
    }
  }
  return entries
}

export const localKey = (n: number): string => `key\0${n}`
export const localValue = (n: number): Uint8Array => new Uint8Array(150).fill(n)

/** Writes it all to a file, and closes that. */
export function writeSample(path: string, entries: readonly NewEntry[]): void {
  const store = openSqliteStore({ path, mostRecent: 300 })
  for (const [n, entry] of entries.entries()) {
    store.commit(batch({
      entries: [entry],
      puts: [{ table: 'register', key: localKey(n), value: localValue(n) }, { table: 'epoch', key: localKey(n), value: localValue(n) }],
      notes: [note(`note${n}`, `number${n} is a note of some length, so that the index takes a few pages`)],
      evidence: n % 100 === 0 ? [{ log: entry.log, seq: entry.seq, run: [entry.bytes] }] : [],
    }))
  }
  store.close()
}

/** What no damage may cause: an entry that is not one of the sample, a log with a gap, a store that takes no writes. */
export function impossible(store: MeshStore, entries: readonly NewEntry[]): readonly string[] {
  const wrong: string[] = []
  for (const { log, seq: last, id } of store.logs()) {
    const original = entries.filter((entry) => entry.log === log)
    const found = store.read(log, 0, Number.MAX_SAFE_INTEGER)
    if (found.length !== last) wrong.push(`${found.length} entries in a log that ends with ${last}`)
    for (const [i, { seq, bytes }] of found.entries()) {
      if (seq !== i + 1) wrong.push(`seq ${seq} where ${i + 1} belongs`)
      if (Buffer.compare(bytes, original[i]?.bytes ?? new Uint8Array()) !== 0) wrong.push(`entry ${seq} is another`)
      if (store.idAt(log, seq) !== original[i]?.id || !store.has(original[i]!.id)) wrong.push(`the id of entry ${seq}`)
    }
    if (id !== original[last - 1]?.id) wrong.push(`the head of a log`)
  }
  const replayed = store.replay('content', 0, 1e6).length
  const listed = store.logs().reduce((sum, { seq }) => sum + seq, 0)
  if (replayed !== listed) wrong.push(`${replayed} entries replayed, ${listed} listed`)
  for (const { log, seq } of store.evidence()) if (!entries.some((entry) => entry.log === log && entry.seq === seq)) wrong.push('evidence')
  const missing = entries.filter(({ id }) => !store.has(id)).toSorted((a, b) => a.seq - b.seq)
  store.commit(batch({ entries: missing, puts: [{ table: 'meta', key: 'after', value: Uint8Array.of(1) }], notes: [note('after', 'after all')] }))
  if (entries.some(({ id, bytes }) => Buffer.compare(store.byId(id)?.bytes ?? new Uint8Array(), bytes) !== 0)) wrong.push('what was fetched again')
  return wrong
}
