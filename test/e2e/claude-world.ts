/**
 * People with a real Claude Code each, logged out and in a clean environment: their own home, profile and
 * scripted model. Nothing leaves the machine.
 */
import { execFile, execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sharedFolder } from '../requires.ts'

/** What the model does at each request: calls a tool, or says something and ends its turn. */
export type Step = { readonly tool: string; readonly input: Readonly<Record<string, unknown>> } | { readonly text: string }

const program = join(import.meta.dirname, '../../dist/bin.js')
const run = promisify(execFile)

/** A scratch folder and everything that was started in it. */
export class ClaudeWorld implements AsyncDisposable {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'atoll-e2e-claude-')))
  readonly #cleanUp: (() => unknown)[] = []

  later(cleanUp: () => unknown): void {
    this.#cleanUp.unshift(cleanUp)
  }

  person(name: string): Person {
    return new Person(this, join(this.root, name))
  }

  /** Starts a long-running `atoll` and resolves with the line it prints when it is ready. */
  async start(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Record<string, unknown>> {
    const child = spawn(process.execPath, [program, ...args, '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    this.later(() => ended(child))
    return JSON.parse(await firstLine(child)) as Record<string, unknown>
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cleanUp of this.#cleanUp) await cleanUp()
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** Somebody with a home, a profile and a Claude Code of their own. */
export class Person {
  readonly home: string
  /** Where their Claude Code works. */
  readonly directory: string
  readonly env: NodeJS.ProcessEnv
  readonly #world: ClaudeWorld

  constructor(world: ClaudeWorld, home: string) {
    this.#world = world
    this.home = home
    this.directory = join(home, 'work')
    mkdirSync(this.directory, { recursive: true })
    this.env = { HOME: home, PATH: process.env['PATH'], TERM: 'xterm-256color', LANG: 'C.UTF-8' }
    // What Claude Code asks a person once: done with the welcome, this folder is trusted, this key may be used.
    const answered = { hasCompletedOnboarding: true, theme: 'dark', projects: { [this.directory]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true } }, customApiKeyResponses: { approved: [apiKey], rejected: [] } }
    writeFileSync(join(home, '.claude.json'), JSON.stringify(answered))
    // Where no node was started there is none to stop, and that is as well.
    world.later(() => this.atoll('down').catch(() => {}))
  }

  /** One `atoll` command; its one JSON document. Rejects with what it printed when it fails. */
  async atoll(...args: string[]): Promise<Record<string, unknown>> {
    return this.atollIn({}, ...args)
  }

  /** The same with more in the environment. */
  async atollIn(more: NodeJS.ProcessEnv, ...args: string[]): Promise<Record<string, unknown>> {
    const { stdout } = await run(process.execPath, [program, ...args, '--json'], { env: { ...this.env, ...more }, cwd: this.home }).catch((error: Error & { stdout?: string }) => {
      throw new Error(`${error.message}${error.stdout ?? ''}`, { cause: error })
    })
    return JSON.parse(stdout) as Record<string, unknown>
  }

  /** `claude -p`: works through the steps and ends. */
  async print(steps: readonly Step[], prompt = 'go'): Promise<Model> {
    const model = await Model.start(this.#world, steps)
    const child = spawn('claude', ['-p', prompt, '--allowedTools', ...allowed], { cwd: this.directory, env: this.#claudeEnv(model), stdio: ['ignore', 'ignore', 'inherit'] })
    this.#world.later(() => ended(child))
    model.status = new Promise((resolve) => child.once('error', (error) => resolve(error.message)).once('exit', (status, signal) => resolve(status ?? signal ?? '')))
    return model
  }

  /** An interactive Claude Code in a terminal. */
  async interactive(steps: readonly Step[]): Promise<Session> {
    const model = await Model.start(this.#world, steps)
    const socket = join(this.home, 'tmux')
    const tmux = (...args: string[]) => execFileSync('tmux', ['-S', socket, ...args], { encoding: 'utf8', env: this.env })
    const variables = Object.entries(this.#claudeEnv(model)).map(([name, value]) => `${name}=${value ?? ''}`)
    tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'claude', '-x', '160', '-y', '50', '-c', this.directory, 'env', '-i', ...variables, 'claude', '--allowedTools', ...allowed)
    // It has ended by itself when its last session was closed.
    this.#world.later(() => spawnSync('tmux', ['-S', socket, 'kill-server']))
    return {
      model,
      type: (text) => void (tmux('send-keys', '-t', 'claude', '-l', text), tmux('send-keys', '-t', 'claude', 'Enter')),
      screen: () => tmux('capture-pane', '-p', '-t', 'claude'),
      quit: () => void tmux('kill-session', '-t', 'claude'),
    }
  }

  #claudeEnv(model: Model): NodeJS.ProcessEnv {
    return { ...this.env, ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: apiKey, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_AUTOUPDATER: '1' }
  }
}

/** An interactive Claude Code: its keyboard, its screen, its model. */
export interface Session {
  readonly model: Model
  type(text: string): void
  screen(): string
  quit(): void
}

const apiKey = 'sk-ant-dummy'
const allowed = ['Bash', 'mcp__plugin_atoll_atoll']

/** The scripted model of one Claude Code, and what it was asked. */
export class Model {
  readonly url: string
  /** How the `claude -p` that uses it ended: 0 when all went well. */
  status: Promise<number | string> = Promise.resolve('it is interactive')
  readonly #log: string

  private constructor(url: string, log: string) {
    this.url = url
    this.#log = log
  }

  static async start(world: ClaudeWorld, steps: readonly Step[]): Promise<Model> {
    const folder = mkdtempSync(join(world.root, 'model-'))
    writeFileSync(join(folder, 'steps.json'), JSON.stringify(steps))
    const log = join(folder, 'requests.jsonl')
    const child = spawn(process.execPath, [join(sharedFolder, 'tools/agents/fake-model.mjs'), '--port', '0', '--script', join(folder, 'steps.json'), '--log', log], { stdio: ['ignore', 'pipe', 'inherit'] })
    world.later(() => ended(child))
    const port = /LISTENING (\d+)/.exec(await firstLine(child))?.[1]
    return new Model(`http://127.0.0.1:${port}`, log)
  }

  /** What each request of the conversation said that the one before had not, as text. */
  heard(): readonly string[] {
    const requests = readFileSync(this.#log, 'utf8').split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { body: { tools?: unknown[]; messages?: unknown[] } }]))
    const talk = requests.filter(({ body }) => (body.tools ?? []).length > 0).map(({ body }) => body.messages ?? [])
    return talk.map((messages, i) => JSON.stringify(messages.slice(talk[i - 1]?.length ?? 0)))
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  const { stdout } = child
  if (stdout === null) throw new Error('its output is not piped')
  let text = ''
  for await (const chunk of stdout.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    text += chunk.toString()
    const end = text.indexOf('\n')
    if (end < 0) continue
    // Reading on keeps the child from being held up, or killed, by its own output.
    stdout.resume()
    return text.slice(0, end)
  }
  throw new Error(`it ended without a word: ${child.spawnargs.join(' ')}`)
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill()
  })
}
