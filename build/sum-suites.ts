/**
 * `node build/sum-suites.ts FOLDER SECONDS`: adds up what .ci/run ran. FOLDER has `suites`, one line `name status seconds`
 * each, and `name.json` in Vitest's JSON format where the suite wrote one; a suite without counts as one test.
 * A skipped test counts as failed, and so does a suite that failed in another way or ran nothing.
 * The last line is `N passed, N failed`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

interface Count {
  readonly passed: number
  /** One line for each test that did not pass. */
  readonly failures: readonly string[]
}

const [folder = '.', total = '0'] = process.argv.slice(2)
const suites = readFileSync(join(folder, 'suites'), 'utf8').trim().split('\n').map((line) => {
  const [name = '', status = '1', seconds = '0'] = line.split(' ')
  return { name, seconds, ...outcome(status === '0' ? undefined : `it ended with status ${status}`, counted(join(folder, `${name}.json`))) }
})

for (const { name, failures } of suites) for (const failure of failures) console.log(`FAILED ${name}: ${failure}`)
for (const { name, seconds, passed, failures } of suites) {
  console.log(`${name.padEnd(10)}${String(passed).padStart(6)} passed${String(failures.length).padStart(5)} failed${seconds.padStart(6)} s`)
}
const passed = suites.reduce((sum, suite) => sum + suite.passed, 0)
const failed = suites.reduce((sum, suite) => sum + suite.failures.length, 0)
console.log(`everything took ${total} s`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** What a suite counts for, given how its command failed (if it did) and what its report says (if there is one). */
function outcome(failure: string | undefined, count: Count | undefined): Count {
  if (count === undefined) return failure === undefined ? { passed: 1, failures: [] } : { passed: 0, failures: [failure] }
  if (count.failures.length > 0) return count
  const whole = failure ?? (count.passed === 0 ? 'it ran no test' : undefined)
  return { passed: count.passed, failures: whole === undefined ? [] : [whole] }
}

function counted(path: string): Count | undefined {
  if (!existsSync(path)) return undefined
  const files = (JSON.parse(readFileSync(path, 'utf8')) as Report).testResults
  const tests = files.flatMap((file) => file.assertionResults)
  const notPassed = tests.filter(({ status }) => status !== 'passed').map(({ status, fullName }) => `${fullName.trim()} (${status})`)
  // A file that could not be loaded has no tests to fail.
  const broken = files.filter((file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'))
  return {
    passed: tests.length - notPassed.length,
    failures: [...notPassed, ...broken.map((file) => `${file.name}: ${file.message.split('\n')[0]}`)],
  }
}
