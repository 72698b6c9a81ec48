/** The demo's surroundings: a relay and two profiles in a temporary folder, and the program run on them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connectNode } from '../node/host/connect-node.ts'
import type { Client } from '../node/rpc/client-types.ts'

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as { version: string }
const program = join(import.meta.dirname, '..', 'dist', 'bin.js')

export type Answer = Readonly<Record<string, unknown>>

/** Everything the demo starts; disposing stops it all and removes the folder. */
export class Stage implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'atoll-demo-'))
  readonly #running: ChildProcess[] = []
  #kept = false

  home(name: string): string {
    const home = join(this.folder, name)
    mkdirSync(home, { recursive: true, mode: 0o700 })
    return home
  }

  /** Starts a process that goes on, and resolves with the line it prints when it is ready. */
  start(name: string, ...args: string[]): Promise<Answer> {
    const child = spawn(process.execPath, [program, ...args, '--json'], { env: this.#environment(name), stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    this.#running.push(child)
    const errors: string[] = []
    createInterface({ input: child.stderr }).on('line', (line) => errors.push(line))
    return new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line) as Answer))
      child.once('exit', (code) => reject(new Error(`atoll ${args.join(' ')} ended with ${code}: ${errors.slice(-3).join(' ')}`)))
    })
  }

  /** Runs one command to its end; throws what it says went wrong. */
  async run(name: string, args: readonly string[], input?: string): Promise<Answer> {
    const child = spawn(process.execPath, [program, ...args, '--json'], { env: this.#environment(name), stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.end(input ?? '')
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    await new Promise((resolve) => child.once('close', resolve))
    const answer = JSON.parse(out || '{}') as { ok?: boolean; error?: { message: string } }
    if (answer.ok !== true) throw new Error(answer.error?.message ?? err)
    return answer as Answer
  }

  /** The typed client of a running node: what a program uses where a person types commands. */
  client(name: string): Promise<Client> {
    return connectNode({ home: this.home(name), env: process.env, version, hello: { session: `demo-${name}`, kind: 'cli' }, signal: new AbortController().signal, program: null })
  }

  /** Leaves everything running. */
  keep(): void {
    this.#kept = true
    for (const child of this.#running) {
      child.stdout?.destroy()
      child.stderr?.destroy()
      child.unref()
    }
  }

  pids(): number[] {
    return this.#running.flatMap(({ pid }) => pid ?? [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#kept) return
    await Promise.all(this.#running.map(ended))
    rmSync(this.folder, { recursive: true, force: true })
  }

  #environment(name: string): NodeJS.ProcessEnv {
    const { ATOLL_MESH: _, ...env } = process.env
    return { ...env, ATOLL_HOME: this.home(name) }
  }
}

/** Asks a process to stop, and makes it stop when it has not within three seconds. */
function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const force = setTimeout(() => child.kill('SIGKILL'), 3_000)
    child.once('exit', () => {
      clearTimeout(force)
      resolve()
    })
    child.kill('SIGTERM')
  })
}
