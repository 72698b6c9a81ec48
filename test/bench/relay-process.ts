import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A relay in a process of its own, at a port that it keeps. */
export class RelayProcess {
  readonly address: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, address: string) {
    this.#child = child
    this.address = address
  }

  /** @param port the one that a former relay had, or 0 */
  static async start(port = 0): Promise<RelayProcess> {
    const child = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'relay-child.ts'), String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return new RelayProcess(child, String(line).trim())
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
