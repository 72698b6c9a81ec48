import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { requires } from '../requires.ts'

describe.skipIf(!requires('mounts'))('a real disk', () => {
  test('D2: a full disk refuses clearly, loses nothing, is read on, and takes writes when there is space', () => live('full'))
  test('D2: a read-only disk refuses clearly, is read on, and takes writes when it may', () => live('readonly'))
})

/** Runs a scenario of store-disk-child.ts with mounts that nobody else sees and that end with it. */
function live(scenario: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-disk-'))
  const child = join(import.meta.dirname, 'store-disk-child.ts')
  const { status, stderr } = spawnSync('unshare', ['--mount', process.execPath, '--no-warnings', child, scenario, folder], { encoding: 'utf8', timeout: 100_000 })
  rmSync(folder, { recursive: true })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
}
