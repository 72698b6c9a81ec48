import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { requires } from '../requires.ts'

test.skipIf(!requires('mounts'))('D1 D2 C3: a node whose disk is full says so, answers on, and goes on with its peers when there is space', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-disk-'))
  const child = join(import.meta.dirname, 'node-disk-child.ts')
  const { status, stderr } = spawnSync('unshare', ['--mount', process.execPath, '--no-warnings', child, folder], { encoding: 'utf8', timeout: 110_000 })
  rmSync(folder, { recursive: true })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
