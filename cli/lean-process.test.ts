import { execFileSync } from 'node:child_process'
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

  /** How the process was started, as the system sees it. */
  async function commandLine(env: Readonly<Record<string, string>>): Promise<string> {
    const { child, saw, finished } = startAtoll(program, home.path, relay, { env })
    await saw('"addresses"')
    const line = execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(child.pid)], { encoding: 'utf8' })
    child.kill('SIGTERM')
    expect((await finished).stderr).not.toContain('Warning')
    return line
  }

  it('has Node’s options for that, in the process that was started', async () => {
    expect(await commandLine({})).toContain(`${nodeOptions.join(' ')} `)
  }, 60_000)

  it('leaves it at what the user has set', async () => {
    const line = await commandLine({ NODE_OPTIONS: '--max-semi-space-size=8' })
    expect(line).not.toContain('--max-semi-space-size')
  }, 60_000)
})
