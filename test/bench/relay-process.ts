import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { program } from './measure.ts'
import { scratch } from './peer-process.ts'

/** One for the whole run, so that a relay that is started again is the same one. */
const key = join(scratch(), 'relay.key')

/** The built program's relay, at a port that it keeps. */
export class RelayProcess {
  readonly address: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, address: string) {
    this.#child = child
    this.address = address
  }

  /** @param port the one that a former relay had, or 0 */
  static async start(port = 0): Promise<RelayProcess> {
    const child = spawn(process.execPath, [program, 'relay', '--json', '--listen', `127.0.0.1:${port}`, '--key', key], { stdio: ['ignore', 'pipe', 'ignore'] })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const { addresses } = JSON.parse(String(line)) as { addresses: readonly string[] }
    return new RelayProcess(child, addresses[0] ?? '')
  }

  get port(): number {
    return Number(/\/tcp\/(\d+)/.exec(this.address)?.[1])
  }

  /** Resident memory in bytes. */
  rss(): number {
    return 1024 * Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))?.[1])
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}
