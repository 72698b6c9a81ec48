/**
 * Lives through a bad day of its disk, in a mount namespace of its own, and exits with status 0 when all was as it
 * must be. Arguments: the scenario, and an empty folder to mount on.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteStore, type SqliteStore } from '../../node/host/sqlite-store.ts'
import { StoreError, type StoreProblem } from '../../node/ports/store.ts'
import { batchOf, nextSeq, wrongWith } from './store-kill-batches.ts'

const [scenario = '', folder = ''] = process.argv.slice(2)
const scenarios: Readonly<Record<string, () => void>> = { full, readonly: readOnly }
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'none', folder])
scenarios[scenario]?.()

/** A disk fills up, again and again, at whatever step; reads go on, and writes as soon as there is space. */
function full(): void {
  const path = join(folder, 'mesh.db')
  const ballast = join(folder, 'ballast')
  const store = openSqliteStore({ path, mostRecent: 200 })
  let acknowledged = 0
  for (let round = 0; round < 12; round++) {
    // Less and less stays free, in steps that are no multiple of a page.
    fillUp(ballast, 150_001 + 37_777 * (12 - round))
    assert.equal(commitUntilRefused(store, (seq) => (acknowledged = seq)), 'full')
    for (let again = 0; again < 3; again++) {
      store.reopen()
      assert.deepEqual(wrongWith(store, acknowledged), [], `round ${round}: reads on a full disk`)
      const problem = commitUntilRefused(store, (seq) => (acknowledged = seq))
      assert.equal(problem, 'full')
    }
    rmSync(ballast)
    store.reopen()
    assert.deepEqual(wrongWith(store, acknowledged), [], `round ${round}: with space again`)
    const before = acknowledged
    store.commit(batchOf(nextSeq(store)))
    acknowledged = nextSeq(store) - 1
    assert.ok(acknowledged > before)
    assert.equal(store.damage, undefined)
  }
  store.close()
}

/** A disk turns read-only under a store that was closed, and under one that was killed; then it can be written again. */
function readOnly(): void {
  const clean = join(folder, 'clean.db')
  const killed = join(folder, 'killed.db')
  const writer = openSqliteStore({ path: clean })
  for (let i = 0; i < 50; i++) writer.commit(batchOf(nextSeq(writer)))
  const last = nextSeq(writer) - 1
  for (const suffix of ['', '-wal']) copyFileSync(`${clean}${suffix}`, `${killed}${suffix}`)
  writer.close()
  assert.ok(!existsSync(`${clean}-wal`) && existsSync(`${killed}-wal`))

  execFileSync('mount', ['-o', 'remount,ro', folder])
  const stores = [openSqliteStore({ path: clean }), openSqliteStore({ path: killed })]
  for (const store of stores) {
    for (let again = 0; again < 2; again++) {
      assert.deepEqual(wrongWith(store, last), [], 'reads on a read-only disk')
      assert.equal(problemOf(() => store.commit(batchOf(last + 1))), 'readonly')
      assert.equal(problemOf(() => store.has(batchOf(1).entries[0]!.id)), 'readonly')
      store.reopen()
    }
  }
  assert.equal(problemOf(() => openSqliteStore({ path: join(folder, 'new.db') })), 'readonly')

  execFileSync('mount', ['-o', 'remount,rw', folder])
  for (const store of stores) {
    // Opened to read, it notices at the next refusal.
    assert.equal(problemOf(() => store.commit(batchOf(last + 1))), 'readonly')
    store.reopen()
    store.commit(batchOf(last + 1))
    assert.deepEqual(wrongWith(store, last + 1), [])
    store.close()
  }
}

function commitUntilRefused(store: SqliteStore, acknowledge: (seq: number) => void): StoreProblem | 'none' {
  for (let i = 0; i < 5_000; i++) {
    const batch = batchOf(nextSeq(store))
    const problem = problemOf(() => store.commit(batch))
    if (problem !== 'none') return problem
    acknowledge(batch.entries.at(-1)!.seq)
  }
  return 'none'
}

function problemOf(step: () => unknown): StoreProblem | 'none' {
  try {
    step()
    return 'none'
  } catch (error) {
    if (error instanceof StoreError) return error.problem
    throw error
  }
}

/** Leaves about so many bytes free. */
function fillUp(ballast: string, free: number): void {
  const available = Number(execFileSync('df', ['--output=avail', '-B1', folder], { encoding: 'utf8' }).split('\n')[1])
  writeFileSync(ballast, new Uint8Array(Math.max(0, available - free)))
}
