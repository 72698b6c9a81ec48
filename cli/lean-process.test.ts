import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { nodeOptions } from '../node/host/node-options.ts'
import { startAtoll } from '../test/doubles/run-atoll.ts'
import { TemporaryHome } from '../test/doubles/temporary-home.ts'

const program = join(import.meta.dirname, 'bin.ts')
const relay = ['relay', '--json', '--listen', '127.0.0.1:0']

describe('a command that runs for good', () => {
  const home = new TemporaryHome()
  afterAll(() => home[Symbol.asyncDispose]())

  /** What `look` finds out about the process while it runs. */
  async function running(env: Readonly<Record<string, string>>, look: (pid: number) => string): Promise<string> {
    const { child, saw, finished } = startAtoll(program, home.path, relay, { env })
    await saw('"addresses"')
    const seen = look(child.pid as number)
    child.kill('SIGTERM')
    expect((await finished).stderr).not.toContain('Warning')
    return seen
  }
  /** How it was started, as the system sees it. */
  const commandLine = (pid: number): string => execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })

  it('has Node’s options for that, in the process that was started', async () => {
    expect(await running({}, commandLine)).toContain(`${nodeOptions.join(' ')} `)
  }, 60_000)

  it('leaves it at what the user has set', async () => {
    const line = await running({ NODE_OPTIONS: '--max-semi-space-size=8' }, commandLine)
    expect(line).not.toContain('--max-semi-space-size')
  }, 60_000)

  it.runIf(process.platform === 'linux')('leaves nothing of its memory in a core dump', async () => {
    expect(Number.parseInt(await running({}, (pid) => readFileSync(`/proc/${pid}/coredump_filter`, 'utf8')), 16)).toBe(0)
  }, 60_000)
})
