import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const file = (name: string, ...statuses: string[]) => ({
  name,
  status: statuses.includes('failed') || statuses.length === 0 ? 'failed' : 'passed',
  message: statuses.length === 0 ? 'cannot load' : '',
  assertionResults: statuses.map((status, i) => ({ status, fullName: `${name} ${i}` })),
})

test('.ci/run adds up what passed, failed, was skipped, could not load, and ended badly', () => {
  expect(sum('fine 0 3', { fine: [file('a', 'passed', 'passed')] })).toEqual({ last: '2 passed, 0 failed', status: 0 })
  expect(sum('plain 0 3', {})).toEqual({ last: '1 passed, 0 failed', status: 0 })
  expect(sum('plain 1 3', {})).toEqual({ last: '0 passed, 1 failed', status: 1 })
  expect(sum('red 1 3\nfine 0 1', { red: [file('a', 'passed', 'failed')], fine: [file('b', 'passed')] })).toEqual({ last: '2 passed, 1 failed', status: 1 })
  expect(sum('shy 0 3', { shy: [file('a', 'passed', 'pending', 'todo')] })).toEqual({ last: '1 passed, 2 failed', status: 1 })
  expect(sum('broken 1 3', { broken: [file('a', 'passed'), file('b')] })).toEqual({ last: '1 passed, 1 failed', status: 1 })
  expect(sum('late 124 3', { late: [file('a', 'passed')] })).toEqual({ last: '1 passed, 1 failed', status: 1 })
  expect(sum('none 0 3', { none: [] })).toEqual({ last: '0 passed, 1 failed', status: 1 })
})

function sum(suites: string, reports: Record<string, unknown[]>): { last: string | undefined; status: number | null } {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-sum-'))
  try {
    writeFileSync(join(folder, 'suites'), `${suites}\n`)
    for (const [name, testResults] of Object.entries(reports)) writeFileSync(join(folder, `${name}.json`), JSON.stringify({ testResults }))
    const { stdout, status } = spawnSync(process.execPath, [join(import.meta.dirname, 'sum-suites.ts'), folder, '3'], { encoding: 'utf8' })
    return { last: stdout.trimEnd().split('\n').at(-1), status }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
