/** A relay and people with a node each: the built program in processes of their own, in a folder that disappears. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { runAtoll, startAtoll, type Running } from '../doubles/run-atoll.ts'

/** A program, the Node that runs it, and the command, if any, that makes it run elsewhere. */
export interface Installed {
  readonly program: string
  readonly node: string
  readonly via?: readonly string[]
}

/** What stands in dist/, on the Node of the tests. */
export const built: Installed = { program: join(import.meta.dirname, '../../dist/bin.js'), node: process.execPath }

/** What a command answered; `fails` gives the error instead. */
// oxlint-disable-next-line typescript/no-explicit-any -- what a command answers is checked by the test that reads it
export type Answer = Readonly<Record<string, any>>

export class World implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), 'atoll-world-'))
  readonly #running: Running[] = []
  readonly #atoll: Installed

  constructor(atoll = built) {
    this.#atoll = atoll
  }

  /** Starts a relay on loopback and returns its address, page and process. */
  async relay(home = 'relay', ...options: string[]): Promise<{ address: string; http: string; running: Running; home: string }> {
    const path = this.folder(home)
    const running = startAtoll(this.#atoll.program, path, ['relay', '--listen', '127.0.0.1:0', '--json', ...options], this.#atoll)
    this.#running.push(running)
    const ready = JSON.parse((await running.saw('\n')).split('\n')[0] as string) as Answer
    return { address: (ready['addresses'] as string[])[0] as string, http: ready['http'] as string, running, home: path }
  }

  /** Starts somebody's node. `listen: ''` makes it reachable through a relay only. */
  async node(name: string, options: { readonly listen?: string; readonly env?: Record<string, string> } = {}): Promise<Person> {
    const person = new Person(name, this.folder(name), options.env ?? {}, this.#atoll)
    this.#running.push(await person.up(options.listen ?? '127.0.0.1:0'))
    return person
  }

  folder(name: string): string {
    const path = join(this.root, name)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#running) if (child.exitCode === null) child.kill('SIGTERM')
    await Promise.all(this.#running.map(({ finished }) => finished))
    rmSync(this.root, { recursive: true, force: true })
  }
}

export class Person {
  readonly name: string
  readonly home: string
  readonly #env: Record<string, string>
  readonly #atoll: Installed
  running: Running | undefined

  constructor(name: string, home: string, env: Record<string, string> = {}, atoll = built) {
    this.name = name
    this.home = home
    this.#env = env
    this.#atoll = atoll
  }

  /** Starts the node and resolves when surfaces can attach. */
  async up(listen = '127.0.0.1:0'): Promise<Running> {
    this.running = startAtoll(this.#atoll.program, this.home, ['up', '--json', '--listen', listen], { ...this.#atoll, env: this.#env })
    await this.running.saw('"socket"')
    return this.running
  }

  /** Stops the node, cleanly. */
  async down(): Promise<void> {
    await this.does('down')
    await this.running?.finished
  }

  /** Runs a command that must succeed. */
  async does(...args: string[]): Promise<Answer> {
    const { status, stdout, stderr } = await this.tries(...args)
    if (status !== 0) throw new Error(`${this.name}: atoll ${args.join(' ')} ended with ${status}: ${stdout} ${stderr}`)
    return JSON.parse(stdout) as Answer
  }

  /** Runs a command that must succeed, for what people see of it. */
  async prints(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await runAtoll(this.#atoll.program, this.home, args, { ...this.#atoll, env: this.#env })
    if (status !== 0) throw new Error(`${this.name}: atoll ${args.join(' ')} ended with ${status}: ${stderr}`)
    return stdout
  }

  /** Runs a command that must fail, and returns its error with the exit status. */
  async fails(...args: string[]): Promise<{ code: string; message: string; status: number | null }> {
    const { status, stdout } = await this.tries(...args)
    const answer = JSON.parse(stdout) as Answer
    if (status === 0 || answer['ok'] !== false) throw new Error(`${this.name}: atoll ${args.join(' ')} should have failed: ${stdout}`)
    return { ...(answer['error'] as { code: string; message: string }), status }
  }

  tries(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
    return runAtoll(this.#atoll.program, this.home, [...args, '--json'], { ...this.#atoll, env: this.#env })
  }

  /** Waits until this person and everybody online hold the same. */
  async inSync(others: number): Promise<void> {
    await vi.waitFor(async () => {
      const peers = ((await this.does('peers'))['peers'] as { you: boolean; synced: boolean; online: boolean }[]).filter(({ you }) => !you)
      if (peers.filter(({ synced, online }) => synced && online).length !== others) throw new Error(`not in sync: ${JSON.stringify(peers)}`)
    }, { timeout: 30_000, interval: 200 })
  }
}
