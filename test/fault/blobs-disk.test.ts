import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { requires } from '../requires.ts'

test.skipIf(!requires('mounts'))('D2 B6: a disk that fills up takes no chunk that was acknowledged, and a node keeps its reserve free', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-blobs-disk-'))
  const child = join(import.meta.dirname, 'blobs-disk-child.ts')
  const { status, stderr } = spawnSync('unshare', ['--mount', process.execPath, '--no-warnings', child, folder], { encoding: 'utf8', timeout: 110_000 })
  rmSync(folder, { recursive: true })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
