import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { AtollError } from '../ports/errors.ts'
import { StoreError } from '../ports/store.ts'
import { openNodeSqlite } from './sqlite-database.ts'
import { problemOf } from './sqlite-errors.ts'
import { schemaVersion } from './sqlite-schema.ts'
import { openSqliteStore } from './sqlite-store.ts'

function inFolder(step: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-sqlite-'))
  try {
    step(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function thrownBy(step: () => unknown): unknown {
  try {
    return step()
  } catch (error) {
    return error
  }
}

test('a file of a later version is refused and left as it is', () => inFolder((folder) => {
  const path = join(folder, 'mesh.db')
  openSqliteStore({ path }).close()
  const later = new DatabaseSync(path)
  later.exec(`PRAGMA user_version = ${schemaVersion + 1}`)
  later.close()
  const refusal = thrownBy(() => openSqliteStore({ path })) as AtollError
  expect([refusal.code, refusal.details]).toEqual(['profile_newer', { found: schemaVersion + 1, known: schemaVersion }])
  expect(readdirSync(folder)).toEqual(['mesh.db'])
}))

test('a schema step that fails leaves a file that the next start takes further', () => inFolder((folder) => {
  const path = join(folder, 'mesh.db')
  let failing = true
  const open: typeof openNodeSqlite = (file, mode) => {
    const database = openNodeSqlite(file, mode)
    return {
      ...database,
      exec: (sql) => {
        if (failing && sql.startsWith('BEGIN')) database.exec(sql.replace('CREATE TABLE evidence', 'CREATE TABLE entry'))
        else database.exec(sql)
      },
    }
  }
  expect(() => openSqliteStore({ path, open })).toThrow(/already exists/)
  failing = false
  const store = openSqliteStore({ path, open })
  expect(store.count('register')).toBe(0)
  store.close()
}))

test('only its owner can read a mesh\'s file, and a clean end leaves nothing beside it', () => inFolder((folder) => {
  const path = join(folder, 'mesh.db')
  const store = openSqliteStore({ path })
  store.commit({ entries: [], puts: [{ table: 'meta', key: 'k', value: Uint8Array.of(1) }], notes: [], evidence: [] })
  expect(readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mode & 0o777])).toEqual([['mesh.db', 0o600], ['mesh.db-wal', 0o600]])
  expect(store.bytes()).toBeGreaterThan(0)
  store.close()
  expect(readdirSync(folder)).toEqual(['mesh.db'])
}))

test('a file that another process holds is refused as io', () => inFolder((folder) => {
  const path = join(folder, 'mesh.db')
  const holder = openSqliteStore({ path })
  expect((thrownBy(() => openSqliteStore({ path })) as StoreError).problem).toBe('io')
  holder.close()
  openSqliteStore({ path }).close()
}))

test('D2: opened to read only, it refuses every commit, is read on, and leaves the folder as it was', () => inFolder((folder) => {
  const path = join(folder, 'mesh.db')
  const put = { entries: [], puts: [{ table: 'meta' as const, key: 'k', value: Uint8Array.of(1) }], notes: [], evidence: [] }
  for (const clean of [true, false]) {
    const writer = openSqliteStore({ path })
    writer.commit(put)
    if (!clean) for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(folder, `killed-${name}`))
    writer.close()
    const before = readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs])
    const store = openSqliteStore({ path: clean ? path : join(folder, 'killed-mesh.db'), readOnly: true })
    for (let again = 0; again < 2; again++) {
      expect(store.get('meta', 'k')).toEqual(Uint8Array.of(1))
      expect((thrownBy(() => store.commit(put)) as StoreError).problem).toBe('readonly')
      store.reopen()
    }
    store.close()
    expect(readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs])).toEqual(before)
  }
}))

test('a folder that is not there is refused as io', () => inFolder((folder) => {
  expect((thrownBy(() => openSqliteStore({ path: join(folder, 'none', 'mesh.db') })) as StoreError).problem).toBe('io')
}))

test('what SQLite and the system say has its word; a bug has none', () => {
  const sqlite = (errcode: number): Error => Object.assign(new Error('sqlite'), { code: 'ERR_SQLITE_ERROR', errcode })
  const system = (code: string): Error => Object.assign(new Error('system'), { code, syscall: 'write' })
  // With and without the extended part: IOERR_FSYNC, IOERR_CORRUPTFS, READONLY_DBMOVED, CORRUPT_INDEX.
  expect([13, 10, 1034, 8458, 8, 1032, 11, 779, 26, 5, 6, 14, 7].map((code) => problemOf(sqlite(code)))).toEqual(['full', 'io', 'io', 'io', 'readonly', 'readonly', 'corrupt', 'corrupt', 'corrupt', 'io', 'io', 'io', 'io'])
  expect(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE'].map((code) => problemOf(system(code)))).toEqual(['full', 'full', 'readonly', 'readonly', 'readonly', 'io', 'io'])
  expect([sqlite(1), sqlite(19), new TypeError('a bug'), Object.assign(new Error(), { code: 'ERR_OUT_OF_RANGE' }), 'text'].map(problemOf)).toEqual([undefined, undefined, undefined, undefined, undefined])
})
