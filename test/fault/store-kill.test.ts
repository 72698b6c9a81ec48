import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSqliteStore } from '../../node/host/sqlite-store.ts'
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
      const acknowledged = await killAfter(path, mostRecent, 1 + Math.floor(random() ** 2 * 80))
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

/** Lets a child commit, kills it in the middle of what follows the given acknowledgement, and returns the last one heard. */
async function killAfter(path: string, mostRecent: number, acknowledgements: number): Promise<number> {
  const child = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'store-kill-child.ts'), path, String(mostRecent)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let heard = ''
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    heard += text
    // The child goes on meanwhile, so the kill falls anywhere within a later commit.
    if (heard.split('\n').length > acknowledgements) child.kill('SIGKILL')
  })
  await once(child, 'close')
  if (child.signalCode !== 'SIGKILL') throw new Error(`the child ended by itself: ${errors}`)
  // The last line may have been cut off by the kill; what is whole was acknowledged.
  return Number(heard.slice(0, heard.lastIndexOf('\n')).split('\n').at(-1))
}

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
