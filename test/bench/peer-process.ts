/** A peer in a process of its own, told what to do over IPC: benchmarks measure it from outside. */
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeOptions } from '../../node/host/node-options.ts'

/** A fresh profile directory. */
export const scratch = (): string => mkdtempSync(join(tmpdir(), 'atoll-bench-'))

export interface Reply {
  readonly id: number
  readonly ok: boolean
  readonly value: unknown
}

export class PeerProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  #next = 0

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      if (reply.ok) waiting?.resolve(reply.value as never)
      else waiting?.reject(new Error(String(reply.value)))
    })
    child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the peer process ended with ${code}`))
    })
  }

  /** @param home the profile directory, made by the caller with mode 0700 @param flags settings other than the usual ones */
  static async start(home: string, flags: Readonly<Record<string, string>> = {}): Promise<PeerProcess> {
    const child = fork(fileURLToPath(new URL('./peer-child.ts', import.meta.url)), [home, JSON.stringify(flags)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced', execArgv: [...process.execArgv, ...nodeOptions] })
    const peer = new PeerProcess(child)
    await peer.call('ready')
    return peer
  }

  get pid(): number {
    return this.#child.pid as number
  }

  call<T>(name: string, ...args: unknown[]): Promise<T> {
    const id = this.#next++
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: never) => void, reject })
      this.#child.send({ id, name, args })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    await this.call('stop').catch(() => undefined)
    await ended
  }
}
