/**
 * What the store costs: `npx node test/bench/store.ts [folder]` (default: a folder in the system's temporary one). Each
 * figure stands beside what the bare disk or bare SQLite does at the same moment, since other work on the machine
 * slows both. `--json` prints one document instead of lines; `--notes=N` and `--keys=N` change the sizes.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { openSqliteStore } from '../../node/host/sqlite-store.ts'
import type { MeshStore } from '../../node/ports/store.ts'
import { parseQuery } from '../../crdt/docs/search-words.ts'
import { batch, entry, hexOf, note } from '../contract/store-samples.ts'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, keys: { type: 'string', default: '100000' }, notes: { type: 'string', default: '100000' }, restart: { type: 'string' } },
})
const keys = Number(flags.keys)
const notes = Number(flags.notes)
const results: Record<string, number> = {}
let lastName = ''

function measure(folder: string): void {
  try {
    singleCommits(folder)
    for (const perCommit of [100, 1000]) manyKeys(folder, perCommit)
    manyNotes(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
  if (flags.json) console.log(JSON.stringify({ schema_version: '1.0', ok: true, results }))
}

function report(name: string, value: number, unit: string): void {
  results[name.startsWith(' ') ? `${lastName}:${name.slice(1)}` : name] = value
  if (!name.startsWith(' ')) lastName = name
  if (!flags.json) console.log(`${name.padEnd(64)} ${value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 3 : 0 }).padStart(10)} ${unit}`)
}

function seconds(step: () => void): number {
  const start = performance.now()
  step()
  return (performance.now() - start) / 1000
}

/** Reports the time, and the processor's own, which other work on the machine disturbs less. */
function reportTimes(name: string, step: () => void): void {
  const before = process.cpuUsage()
  report(name, 1000 * seconds(step), 'ms')
  const { user, system } = process.cpuUsage(before)
  report('  of it on the processor', (user + system) / 1000, 'ms')
}

/** The register row a short value makes: some 100 bytes beside key and value. */
const row = (key: string, bytes = 120): { table: 'register'; key: string; value: Uint8Array } => ({ table: 'register', key, value: new Uint8Array(bytes).fill(7) })

/** One entry of 300 bytes with one row, synced each, beside what the disk does with the same bytes. */
function singleCommits(folder: string): void {
  const rounds = 500
  const store = openSqliteStore({ path: join(folder, 'single.db') })
  const file = openSync(join(folder, 'bare'), 'w')
  const bare = openBare(join(folder, 'bare.db'))
  const bytes = new Uint8Array(300)
  const times = { store: 0, bare: 0, fsync: 0 }
  // In turns, so that all three see the same machine.
  for (let i = 1; i <= rounds; i++) {
    const one = batch({ entries: [entry(i, { bytes: bytes.fill(i & 255).slice() })], puts: [row(`state\0key${hexOf(4, i)}`)] })
    times.store += seconds(() => store.commit(one))
    times.bare += seconds(() => bare.commit(one.entries[0]!.id, one.puts[0]!.key))
    times.fsync += seconds(() => {
      writeSync(file, bytes)
      fsyncSync(file)
    })
  }
  store.close()
  bare.close()
  closeSync(file)
  report('one entry and one row, synced: store', rounds / times.store, 'commits/s')
  report('  the same rows in bare node:sqlite', rounds / times.bare, 'commits/s')
  report('  300 bytes appended to a file and synced', rounds / times.fsync, '/s')
}

/** Fresh keys, one read and two writes each, as a fold of registers makes them. */
function manyKeys(folder: string, perCommit: number): void {
  const path = join(folder, `keys${perCommit}.db`)
  const store = openSqliteStore({ path })
  const names = Array.from({ length: keys }, (_, i) => `state\0${hexOf(4, i)}/${i}`)
  reportTimes(`${keys} fresh keys, ${perCommit} per commit (1 get, 2 puts each): store`, () => {
    for (let i = 0; i < keys; i += perCommit) {
      const some = names.slice(i, i + perCommit)
      for (const name of some) store.get('register', name)
      const puts = some.flatMap((name) => [row(name), { table: 'message' as const, key: name.slice(6), value: new Uint8Array(60) }])
      store.commit(batch({ entries: [entry(i / perCommit + 1, { bytes: new Uint8Array(40 * perCommit).fill(i & 255) })], puts }))
    }
  })
  bareKeys(join(folder, `bare${perCommit}.db`), names, perCommit)
  store.close()
}

/** As many notes beside the keys, then a start in a new process, then search. */
function manyNotes(folder: string): void {
  const path = join(folder, 'keys100.db')
  const store = openSqliteStore({ path })
  const words = vocabulary()
  reportTimes(`${notes} notes of 30 words, 100 per commit`, () => {
    for (let i = 0; i < notes; i += 100) {
      store.commit(batch({ notes: Array.from({ length: 100 }, (_, j) => note(hexOf(16, i + j), textOf(words, i + j), `tag${(i + j) % 20}`)) }))
    }
  })
  search(store, words)
  report('  file', store.bytes() / 1e6, 'MB')
  store.close()
  const child = spawnSync(process.execPath, ['--no-warnings', import.meta.filename, `--restart=${path}`], { encoding: 'utf8' })
  const started = JSON.parse(child.stdout) as Record<string, number>
  for (const [name, value] of Object.entries(started)) report(`restart with ${keys} keys and ${notes} notes: ${name}`, value, name.includes('RSS') ? 'MB' : 'ms')
}

/** In a process of its own: what a start costs in time and memory. */
function restart(path: string): void {
  const before = process.memoryUsage().rss
  let store: MeshStore | undefined
  const open = seconds(() => (store = openSqliteStore({ path })))
  const first = seconds(() => {
    store?.scan('register', { limit: 20 })
    store?.search(parseQuery('w500'), [], 20)
  })
  const rss = process.memoryUsage().rss
  store?.close()
  console.log(JSON.stringify({ 'open': 1000 * open, 'first scan and search': 1000 * first, 'RSS of the process': rss / 1e6, 'RSS beyond that before': (rss - before) / 1e6 }))
}

function search(store: MeshStore, words: readonly string[]): void {
  const queries: Readonly<Record<string, (i: number) => string>> = {
    // Words that stand together in some note, as somebody looking for it types them.
    'two words of a note': (i) => textOf(words, 37 * i).split(' ').slice(3, 5).join(' '),
    'one word of a note': (i) => textOf(words, 41 * i).split(' ')[7]!,
    'two words, the second begun': (i) => `${textOf(words, 43 * i).split(' ').slice(5, 6).join(' ')} ${textOf(words, 43 * i).split(' ')[6]!.slice(0, 3)}*`,
    'a phrase': (i) => `"${textOf(words, 47 * i).split(' ').slice(10, 13).join(' ')}"`,
  }
  for (const [name, query] of Object.entries(queries)) {
    const times = Array.from({ length: 400 }, (_, i) => 1000 * seconds(() => void store.search(parseQuery(query(i % notes)), [], 20))).sort((a, b) => a - b)
    report(`search, ${name}: p50`, times[200]!, 'ms')
    report(`search, ${name}: p99`, times[396]!, 'ms')
  }
}

/** 30,000 words, used as often as words are (Zipf): the first in every other note, most in a few. */
function vocabulary(): readonly string[] {
  return Array.from({ length: 30_000 }, (_, i) => `w${i.toString(36)}`)
}

function textOf(words: readonly string[], n: number): string {
  return Array.from({ length: 30 }, (_, i) => words[Math.floor(words.length ** (Number.parseInt(hexOf(4, 31 * n + i), 16) / 2 ** 32)) - 1]).join(' ')
}

/** node:sqlite with the same settings and none of our layers. */
function openBare(path: string): { commit(id: string, key: string): void; close(): void } {
  const database = bareDatabase(path)
  const insert = database.prepare('INSERT INTO entry (id, bytes) VALUES (?, ?)')
  const put = database.prepare('INSERT INTO a (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
  const [bytes, value] = [new Uint8Array(300), new Uint8Array(120)]
  return {
    commit: (id, key) => {
      database.exec('BEGIN')
      insert.run(Buffer.from(id, 'hex'), bytes)
      put.run(key, value)
      database.exec('COMMIT')
    },
    close: () => database.close(),
  }
}

function bareKeys(path: string, names: readonly string[], perCommit: number): void {
  const database = bareDatabase(path)
  const get = database.prepare('SELECT value FROM a WHERE key = ?')
  const [a, b] = ['a', 'b'].map((table) => database.prepare(`INSERT INTO ${table} (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`))
  reportTimes(`the same ${keys} keys, ${perCommit} per commit: bare node:sqlite`, () => {
    for (let i = 0; i < names.length; i += perCommit) {
      database.exec('BEGIN')
      for (const name of names.slice(i, i + perCommit)) {
        get.get(name)
        a!.run(name, new Uint8Array(120))
        b!.run(name.slice(6), new Uint8Array(60))
      }
      database.exec('COMMIT')
    }
  })
  database.close()
}

function bareDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  database.exec(`
    PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192;
    CREATE TABLE entry (n INTEGER PRIMARY KEY, id BLOB, bytes BLOB);
    CREATE TABLE a (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID; CREATE TABLE b (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID`)
  return database
}

if (flags.restart !== undefined) restart(flags.restart)
else measure(mkdtempSync(join(positionals[0] ?? tmpdir(), 'atoll-bench-')))
