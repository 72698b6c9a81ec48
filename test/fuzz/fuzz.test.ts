/** A minute of fuzzing in CI, an hour with ATOLL_LONG=1; ATOLL_SEED repeats one. What was found once stands in found.json and is tried first. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../crdt/wire/ids.ts'
import { fuzz } from './fuzz.ts'
import { targets } from './targets.ts'

const ms = process.env['ATOLL_LONG'] === '1' ? 3_600_000 : 60_000
const found = JSON.parse(readFileSync(join(import.meta.dirname, 'found.json'), 'utf8')) as readonly { readonly target: string; readonly input: string }[]

test('T8: what was found by fuzzing does no harm any more', () => {
  expect(found.map(({ target, input }) => targets.find(({ name }) => name === target)?.run(fromHex(input)))).toEqual(found.map(() => undefined))
})

test('T8: whatever is fed to what reads from peers, links and files is answered, soon and in bounds', { timeout: ms + 120_000 }, () => {
  const seed = Number(process.env['ATOLL_SEED'] ?? crypto.getRandomValues(new Uint32Array(1))[0])
  const { inputs, kept, blocks, findings } = fuzz(targets, ms, seed)
  console.log(`seed ${seed}: ${inputs} inputs to ${targets.length} readers, ${kept} kept for reaching something new, ${blocks} blocks reached`)
  expect(findings.map(({ target, input, why }) => ({ target, input: toHex(input), why }))).toEqual([])
  // It is guided: what no seed reaches was reached.
  expect(kept).toBeGreaterThan(0)
})
