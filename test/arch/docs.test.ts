import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './sources.ts'

test('the generated documents and tables are what the operations declare', () => {
  const { stderr, status } = spawnSync(process.execPath, ['cli/generate-docs.ts', '--check'], { cwd: root, encoding: 'utf8' })
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
}, 60_000)

test('every test that SECURITY.md names is there', () => {
  const named = [...readFileSync(join(root, 'SECURITY.md'), 'utf8').matchAll(/`((?:crdt|node|relay|cli|test)\/[\w./-]+\.ts)`/g)].map(([, path]) => path as string)
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
})
