import { defineConfig, type TestProjectConfiguration, type TestProjectInlineConfiguration } from 'vitest/config'

type Options = NonNullable<TestProjectInlineConfiguration['test']>

const project = (name: string, include: string[], options: Options = {}): TestProjectConfiguration => ({
  test: { name, include, exclude: ['**/node_modules/**', 'dist/**'], testTimeout: 20_000, hookTimeout: 20_000, ...options },
})

/** Real processes: they run the bundle (built once, before), take their time, and one file runs at a time. */
const real: Options = { globalSetup: 'test/build-first.ts', testTimeout: 120_000, hookTimeout: 60_000, fileParallelism: false }

export default defineConfig({
  test: {
    // What a suite is and when it runs: CONTRIBUTING.md.
    projects: [
      project('unit', ['{crdt,node,relay,cli,web,provision,build}/**/*.test.ts', 'test/{arch,property,contract,golden}/**/*.test.ts']),
      project('sim', ['test/sim/**/*.test.ts'], { testTimeout: 120_000 }),
      project('fuzz', ['test/fuzz/**/*.test.ts']),
      project('fault', ['test/fault/**/*.test.ts'], real),
      project('e2e', ['test/e2e/**/*.test.ts'], real),
      project('nat', ['test/nat/**/*.test.ts'], real),
    ],
    maxWorkers: '100%',
    passWithNoTests: true,
    // .ci/run reads the counts from here.
    reporters: process.env['ATOLL_TEST_REPORT'] ? ['default', ['json', { outputFile: process.env['ATOLL_TEST_REPORT'] }]] : ['default'],
  },
})
