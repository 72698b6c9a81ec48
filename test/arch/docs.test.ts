import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { root } from './sources.ts'

test('the generated documents and tables are what the operations declare', () => {
  const { stderr, status } = spawnSync(process.execPath, ['cli/generate-docs.ts', '--check'], { cwd: root, encoding: 'utf8' })
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
}, 60_000)
