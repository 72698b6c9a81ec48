import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSqliteStore, type SqliteStore } from '../../node/host/sqlite-store.ts'
import { StoreError, type NewEntry } from '../../node/ports/store.ts'
import { batch, recall } from '../contract/store-samples.ts'
import { entriesPerLog, impossible, localKey, localValue, sampleEntries, writeSample } from './store-damage-samples.ts'

const folder = mkdtempSync(join(tmpdir(), 'atoll-corrupt-'))
const sample = join(folder, 'sample.db')
const path = join(folder, 'mesh.db')
let entries: readonly NewEntry[] = []
let whole = Buffer.alloc(0)
const pageBytes = 4096

beforeAll(() => {
  entries = sampleEntries()
  writeSample(sample, entries)
  whole = readFileSync(sample)
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Puts a damaged copy of the sample in place, and nothing else. */
function damage(change: (bytes: Buffer) => void): Buffer {
  for (const name of readdirSync(folder)) if (name.startsWith('mesh.db')) rmSync(join(folder, name))
  const bytes = Buffer.from(whole)
  change(bytes)
  writeFileSync(path, bytes)
  return bytes
}

const kinds: Readonly<Record<string, (bytes: Buffer, random: () => number) => void>> = {
  'one bit turned': (bytes, random) => {
    const at = Math.floor(random() * bytes.length)
    bytes[at] = bytes[at]! ^ (1 << Math.floor(random() * 8))
  },
  'a sector of garbage': (bytes, random) => {
    const at = 512 * Math.floor((random() * bytes.length) / 512)
    for (let i = at; i < at + 512; i++) bytes[i] = Math.floor(random() * 256)
  },
  'a page of zeros': (bytes, random) => void bytes.fill(0, ...pageAt(bytes, random)),
  'a page written to the place of another': (bytes, random) => {
    const [from, end] = pageAt(bytes, random)
    bytes.copy(bytes, pageAt(bytes, random)[0], from, end)
  },
  'twenty bytes here and there': (bytes, random) => {
    for (let i = 0; i < 20; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
  },
}

function pageAt(bytes: Buffer, random: () => number): [start: number, end: number] {
  const start = pageBytes * Math.floor((random() * bytes.length) / pageBytes)
  return [start, start + pageBytes]
}

describe('D2, D4: damage anywhere in the file is found; the file is set aside as it is; what is left is right', () => {
  for (const [kind, change] of Object.entries(kinds)) {
    test(kind, () => {
      const rounds = process.env['ATOLL_LONG'] === '1' ? 200 : 15
      let found = 0
      let saved = 0
      for (let round = 0; round < rounds; round++) {
        const random = seeded(round + 1000 * kind.length)
        const bytes = damage((copy) => change(copy, random))
        const store = openSqliteStore({ path, check: 'all' })
        if (store.damage) {
          found++
          saved += store.damage.entries
        }
        expect([...amiss(store, bytes), ...impossible(store, entries)], `round ${round}`).toEqual([])
        store.close()
        const again = openSqliteStore({ path, check: 'all' })
        expect([again.damage, again.count('meta'), recall(again, 'after')]).toEqual([undefined, 1, ['after']])
        again.close()
      }
      expect(found, 'most of it strikes something').toBeGreaterThan(rounds / 4)
      console.log(`${kind}: found ${found} of ${rounds}, ${Math.round(saved / found)} of ${entries.length} entries saved`)
    })
  }
})

test('D4: a damaged page of entries costs the entries on it and what follows them, the rest is saved with keys and evidence', () => {
  const last = placeOf(entries.at(-1)!)
  damage((bytes) => bytes.fill(0xee, last, last + 40))
  const store = openSqliteStore({ path, check: 'all' })
  expect(store.damage).toMatchObject({ entries: entries.length - 1, cutOff: 0, rows: entries.length, evidence: 5 })
  expect(entries.map((_, n) => store.get('epoch', localKey(n)))).toEqual(entries.map((_, n) => localValue(n)))
  expect([store.count('register'), recall(store, 'number7')]).toEqual([0, []])
  expect(entries.filter(({ id }) => store.has(id)).every(({ id, vouched }) => store.byId(id)?.vouched === vouched)).toBe(true)
  store.close()
})

test('D2: an unclean end has the file looked at, a clean one does not', () => {
  for (const unclean of [false, true]) {
    // A leaf page of the entries: its header says that it has one cell more than it has.
    damage((bytes) => bytes.writeUInt16BE(bytes.readUInt16BE(leafOfEntries() + 3) + 1, leafOfEntries() + 3))
    if (unclean) copyFileSync(sample, `${path}-wal`)
    const store = openSqliteStore({ path })
    expect(store.damage === undefined).toBe(!unclean)
    store.close()
  }
})

test('D2: damage that a read meets is told as corrupt, and set aside at the next reopen', () => {
  damage((bytes) => bytes.fill(0, leafOfEntries(), leafOfEntries() + pageBytes))
  const store = openSqliteStore({ path })
  expect(() => store.replay('content', 0, 1e6)).toThrow(StoreError)
  store.reopen()
  expect(store.damage?.movedTo).toBe(`${path}.corrupt-1`)
  store.reopen()
  expect(store.damage?.movedTo, 'still told').toBe(`${path}.corrupt-1`)
  expect(impossible(store, entries)).toEqual([])
  store.close()
})

test('damage upon damage is set aside beside the first', () => {
  for (const n of [1, 2, 3]) {
    if (n === 1) damage((bytes) => bytes.fill(0, 0, 100))
    else writeFileSync(path, `this is no database ${n}`.repeat(100))
    const store = openSqliteStore({ path })
    expect(store.damage).toMatchObject({ movedTo: `${path}.corrupt-${n}`, entries: 0 })
    store.commit(batch({ entries: [entries[0]!] }))
    store.close()
  }
  truncateSync(path, 5000)
  expect(openSqliteStore({ path, check: 'all' }).damage?.movedTo).toBe(`${path}.corrupt-4`)
})

test('a quarantine that was cut off is finished at the next start', () => {
  damage(() => undefined)
  renameSync(path, `${path}.corrupt-1`)
  writeFileSync(`${path}-wal`, 'what the damaged one had not taken in yet')
  copyFileSync(sample, `${path}.salvage`)
  const store = openSqliteStore({ path })
  expect(readdirSync(folder).filter((name) => name.startsWith('mesh.db')).sort()).toEqual(['mesh.db', 'mesh.db-wal', 'mesh.db.corrupt-1', 'mesh.db.corrupt-1-wal'])
  expect(impossible(store, entries)).toEqual([])
  store.close()
  // Cut off earlier, the salvage was only half made: it is begun anew when it is needed, and else left alone.
  damage((bytes) => bytes.fill(0, leafOfEntries(), leafOfEntries() + pageBytes))
  writeFileSync(`${path}.salvage`, 'half')
  openSqliteStore({ path, check: 'all' }).close()
  expect(existsSync(`${path}.salvage`)).toBe(false)
})

/** What is wrong with how damage was dealt with, or was not. */
function amiss({ damage: found, logs }: SqliteStore, bytes: Buffer): readonly string[] {
  if (found === undefined) return logs().every(({ seq }) => seq === entriesPerLog) ? [] : ['nothing was found, and entries are missing']
  if (found.movedTo !== `${path}.corrupt-1` || found.why === '') return [`moved to ${found.movedTo} since ${found.why}`]
  return readFileSync(found.movedTo).equals(bytes) ? [] : ['it was not set aside as it was']
}

/** Where in the file an entry lies that is small enough to share its page with others. */
function placeOf(entry: NewEntry): number {
  const at = whole.lastIndexOf(entry.bytes.subarray(60, 160))
  expect(entry.bytes.length).toBeLessThan(1000)
  expect(at).toBeGreaterThan(0)
  return at
}

/** Where in the file a page lies that holds entries only, none of them the last of a log: opening does not read it. */
const leafOfEntries = (): number => pageBytes * Math.floor(placeOf(entries[100]!) / pageBytes)

/** mulberry32: seeds that lie side by side give numbers that do not. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
