import { spawn, type ChildProcess } from 'node:child_process'

export interface Finished {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** The one document of a `--json` run. */
  json(): Record<string, unknown>
}

export interface Running {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  /** Resolves with everything so far on standard output once it contains `text`; rejects when the process ends before. */
  saw(text: string, on?: 'stdout' | 'stderr'): Promise<string>
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly stdin?: string
  /** The Node that runs it; else the one that runs the test. */
  readonly node?: string
  /** A command that runs what follows it elsewhere, such as in a network namespace. */
  readonly via?: readonly string[]
}

/** Starts a command of the program at a path on a profile. */
export function startAtoll(program: string, home: string, args: readonly string[], options: RunOptions = {}): Running {
  const { NO_COLOR: _, FORCE_COLOR: __, ATOLL_MESH: ___, CLAUDE_CODE_SESSION_ID: ____, ...env } = process.env
  const [command, ...before] = [...(options.via ?? []), options.node ?? process.execPath]
  const child = spawn(command, [...before, program, ...args], { cwd: options.cwd ?? home, env: { ...env, ATOLL_HOME: home, ATOLL_LAN_DISCOVERY: 'off', ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const text = { stdout: '', stderr: '' }
  const checks = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      text[name] += chunk.toString()
      for (const check of [...checks]) check()
    })
  }
  child.stdin.end(options.stdin ?? '')
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, ...text, json: () => JSON.parse(text.stdout) as Record<string, unknown> }))
  })
  const saw: Running['saw'] = (wanted, on = 'stdout') =>
    new Promise((resolve, reject) => {
      const check = () => {
        if (!text[on].includes(wanted)) return
        checks.delete(check)
        resolve(text[on])
      }
      checks.add(check)
      check()
      void finished.then(() => reject(new Error(`ended without “${wanted}”: ${text.stdout} ${text.stderr}`)))
    })
  return { child, finished, saw }
}

/** Runs a command to its end. */
export function runAtoll(...parameters: Parameters<typeof startAtoll>): Promise<Finished> {
  return startAtoll(...parameters).finished
}
