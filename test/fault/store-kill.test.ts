import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqliteStore } from '../../node/host/sqlite-store.ts'
import { killAfter } from './kill-after.ts'
import { wrongWith } from './store-kill-batches.ts'

const kills = process.env['ATOLL_LONG'] === '1' ? 200 : 20

test(`D1: after each of ${kills} kill -9, everything acknowledged is there, whole`, { timeout: 60_000 + kills * 5_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-kill-'))
  const seed = Date.now() % 1_000_000
  const random = seeded(seed)
  let path = ''
  let total = 0
  try {
    for (let kill = 0; kill < kills; kill++) {
      // A new file now and then: kills while it is young, and checks that stay quick.
      if (kill % 10 === 0) path = join(folder, `${kill}.db`)
      const mostRecent = [4, 100, 32 * 1024][Math.floor(random() * 3)] as number
      const acknowledged = Number((await killAfter('store-kill-child.ts', [path, String(mostRecent)], 1 + Math.floor(random() ** 2 * 80))).at(-1))
      // Every other time the look is at a copy: the next child then finds the file as the kill left it.
      const store = openSqliteStore({ path: kill % 2 === 0 ? path : copyOf(path, join(folder, 'copy.db')), mostRecent: kill % 3 === 0 ? 50 : 32 * 1024 })
      expect({ wrong: wrongWith(store, acknowledged), damage: store.damage }, `seed ${seed}, kill ${kill}`).toEqual({ wrong: [], damage: undefined })
      store.close()
      total += acknowledged
    }
    expect(total).toBeGreaterThan(kills)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

function copyOf(path: string, copy: string): string {
  for (const suffix of ['', '-wal']) {
    rmSync(`${copy}${suffix}`, { force: true })
    if (existsSync(`${path}${suffix}`)) copyFileSync(`${path}${suffix}`, `${copy}${suffix}`)
  }
  return copy
}

/** A small generator, so that a seed that fails can be tried again. */
function seeded(seed: number): () => number {
  let state = seed + 1
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
