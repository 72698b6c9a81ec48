/**
 * `npm run soak [-- SUITE…]`: the long forms of the suites (ATOLL_LONG=1), one after another, and a dated summary in
 * test/soak-results/ to be committed. Hours in it are virtual; kills, disks and processes are real. A suite that runs
 * again on the same day replaces its row; each row names the commit that it ran on.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
/** Projects of vitest.config.ts, or paths within one. */
const suites: readonly (readonly [name: string, ...args: string[]])[] = [
  ['property', '--project', 'unit', 'test/property'],
  ['sim', '--project', 'sim'],
  ['fuzz', '--project', 'fuzz'],
  ['fault', '--project', 'fault'],
  ['e2e', '--project', 'e2e'],
  ['nat', '--project', 'nat'],
]
const wanted = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'atoll-soak-'))
const day = new Date().toISOString().slice(0, 10)
const result = join(root, `test/soak-results/${day}.md`)
const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout.trim()
const rows = new Map(existsSync(result) ? readFileSync(result, 'utf8').split('\n').flatMap((line) => (/^\| \w+ \| \d/.test(line) ? [[line.split(' ')[1] as string, line] as const] : [])) : [])
let failed = 0

for (const [name, ...args] of suites) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const report = join(folder, `${name}.json`)
  const started = performance.now()
  const { status } = spawnSync('npx', ['vitest', 'run', ...args, '--testTimeout', '3600000'], { cwd: root, stdio: 'inherit', env: { ...process.env, ATOLL_LONG: '1', ATOLL_TEST_REPORT: report } })
  const minutes = ((performance.now() - started) / 60_000).toFixed(1)
  const counts = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as { numPassedTests: number; numFailedTests: number; numPendingTests: number }) : undefined
  if (status !== 0) failed++
  rows.set(name, `| ${name} | ${counts?.numPassedTests ?? '?'} | ${counts?.numFailedTests ?? '?'} | ${counts?.numPendingTests ?? '?'} | ${minutes} min | ${commit} |`)
}

const text = [`# Soak of ${day}`, '', `Node ${process.version}, ${cpus().length} cores, \`ATOLL_LONG=1\`.`, '', '| suite | passed | failed | skipped | took | commit |', '| --- | --- | --- | --- | --- | --- |', ...rows.values(), ''].join('\n')
mkdirSync(join(root, 'test/soak-results'), { recursive: true })
writeFileSync(result, text)
console.log(`\n${text}`)
process.exit(failed > 0 ? 1 : 0)
