/** The stores that the contract is run over, each with a way to make its next commit fail by plan. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openNodeSqlite, type Database, type OpenDatabase, type Statement } from '../../node/host/sqlite-database.ts'
import { openSqliteStore } from '../../node/host/sqlite-store.ts'
import { createMemoryStore } from '../../node/peer/memory-store.ts'
import type { MeshStore, StoreProblem } from '../../node/ports/store.ts'

export interface Subject extends Disposable {
  readonly store: MeshStore
  /** Lets the next commit fail at its step `n`, counted from 0, before or after the step was carried out. */
  failCommit(n: number, when: 'before' | 'after', problem: StoreProblem): void
  /** Lets the next `reopen` fail. */
  failReopen(problem: StoreProblem): void
  /** Takes the plan back. @returns whether it struck */
  struck(): boolean
}

export interface StoreKind {
  readonly name: string
  create(): Subject
}

export const storeKinds: readonly StoreKind[] = [
  { name: 'memory', create: memorySubject },
  { name: 'sqlite', create: () => sqliteSubject(16 * 1024) },
  { name: 'sqlite, moving recent puts all the time', create: () => sqliteSubject(2) },
]

function memorySubject(): Subject {
  const store = createMemoryStore()
  let open = 0
  const plan = (problem: StoreProblem, at: 'commit' | 'after-commit' | 'reopen'): void => {
    open = 1
    store.failNext(problem, { at })
  }
  return {
    store,
    failCommit: (n, when, problem) => n === 0 && plan(problem, when === 'before' ? 'commit' : 'after-commit'),
    failReopen: (problem) => plan(problem, 'reopen'),
    struck: () => open-- > 0,
    [Symbol.dispose]: () => store.close(),
  }
}

/** SQLite's result code for each problem. */
const errcodes: Record<StoreProblem, number> = { full: 13, readonly: 8, io: 10, corrupt: 11 }

function sqliteSubject(mostRecent: number): Subject {
  // In memory where there is such a file system: syncing for real is the business of test/fault.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'atoll-store-'))
  const disk = failingDisk()
  const store = openSqliteStore({ path: join(folder, 'mesh.db'), open: disk.open, mostRecent })
  return {
    store,
    failCommit: (n, when, problem) => disk.plan({ after: 'BEGIN IMMEDIATE', n, when, problem }),
    failReopen: (problem) => disk.plan({ after: undefined, n: 0, when: 'before', problem }),
    struck: disk.struck,
    [Symbol.dispose]: () => {
      store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

interface Plan {
  /** Counting starts with this statement; undefined: at once. */
  readonly after: string | undefined
  readonly n: number
  readonly when: 'before' | 'after'
  readonly problem: StoreProblem
}

/** node:sqlite, with every statement a step that can fail. */
function failingDisk(): { readonly open: OpenDatabase; plan(plan: Plan): void; struck(): boolean } {
  let plan: Plan | undefined
  let counted: number | undefined
  let hit = false
  const step = <T>(sql: string, run: () => T): T => {
    if (plan && counted === undefined && (plan.after === undefined || plan.after === sql)) counted = 0
    const strikes = plan !== undefined && counted === plan.n
    if (counted !== undefined) counted++
    if (!plan || !strikes) return run()
    hit = true
    const { problem, when } = plan
    plan = undefined
    if (when === 'after') run()
    throw Object.assign(new Error(`planned ${when} ${sql}`), { code: 'ERR_SQLITE_ERROR', errcode: errcodes[problem] })
  }
  const open: OpenDatabase = (path, mode) => {
    const database = openNodeSqlite(path, mode)
    return { exec: (sql) => step(sql, () => database.exec(sql)), prepare: (sql) => failing(database, sql, step), close: () => database.close() }
  }
  return {
    open,
    plan: (next) => {
      plan = next
      counted = undefined
      hit = false
    },
    struck: () => {
      plan = undefined
      return hit
    },
  }
}

function failing(database: Database, sql: string, step: <T>(sql: string, run: () => T) => T): Statement {
  const statement = database.prepare(sql)
  return {
    run: (...values) => step(sql, () => statement.run(...values)),
    get: (...values) => step(sql, () => statement.get(...values)),
    all: (...values) => step(sql, () => statement.all(...values)),
    iterate: (...values) => step(sql, () => statement.iterate(...values)),
  }
}
