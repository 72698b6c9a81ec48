/**
 * `npm run soak [-- PROJECT…]`: the long forms of the suites (ATOLL_LONG=1), one after another, and a dated summary in
 * test/soak-results/ to be committed. Hours in it are virtual; kills, disks and processes are real.
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
  ['fault', '--project', 'fault'],
  ['e2e', '--project', 'e2e'],
]
const wanted = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'atoll-soak-'))
const lines: string[] = []
let failed = 0

for (const [name, ...args] of suites) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const report = join(folder, `${name}.json`)
  const started = performance.now()
  const { status } = spawnSync('npx', ['vitest', 'run', ...args, '--testTimeout', '3600000'], { cwd: root, stdio: 'inherit', env: { ...process.env, ATOLL_LONG: '1', ATOLL_TEST_REPORT: report } })
  const minutes = ((performance.now() - started) / 60_000).toFixed(1)
  const counts = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as { numPassedTests: number; numFailedTests: number; numPendingTests: number }) : undefined
  if (status !== 0) failed++
  lines.push(`| ${name} | ${counts?.numPassedTests ?? '?'} | ${counts?.numFailedTests ?? '?'} | ${counts?.numPendingTests ?? '?'} | ${minutes} min |`)
}

const day = new Date().toISOString().slice(0, 10)
const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout.trim()
const text = [`# Soak of ${day}`, '', `Commit ${commit}, Node ${process.version}, ${cpus().length} cores, \`ATOLL_LONG=1\`.`, '', '| suite | passed | failed | skipped | took |', '| --- | --- | --- | --- | --- |', ...lines, ''].join('\n')
mkdirSync(join(root, 'test/soak-results'), { recursive: true })
writeFileSync(join(root, `test/soak-results/${day}.md`), text)
console.log(`\n${text}`)
process.exit(failed > 0 ? 1 : 0)
