/** The log as JSON lines: to standard error, or to a file that is put aside at 5 MB. */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import type { Log, LogFields } from '../ports/log.ts'

/** A log file is renamed to `<path>.1` when it has grown to this many bytes. */
export const logFileBytes = 5 * 1024 * 1024

const levels = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof levels)[number]

export interface LogFileOptions {
  /** Where to write; without it standard error. */
  readonly path?: string | undefined
  /** Asked for each line, so that a changed setting counts at once. */
  readonly level: () => LogLevel
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** Opens the log. A line that could not be written is counted and said with the next one that could. */
export function openLog({ path, level, now = Date.now }: LogFileOptions): Log & Disposable {
  const sink = path === undefined ? null : new RotatingFile(path)
  let lost = 0
  const write = (line: Readonly<Record<string, unknown>>): void => {
    try {
      const text = `${JSON.stringify(lost > 0 ? { ...line, lines_lost: lost } : line)}\n`
      if (sink === null) writeSync(2, text)
      else sink.write(text)
      lost = 0
    } catch {
      // A full disk or a closed terminal must not stop the node, and there is nowhere else to say it.
      lost++
    }
  }
  const at = (scopes: readonly string[]): Log => {
    const say = (kind: LogLevel) => (event: string, fields: LogFields = {}) => {
      if (levels.indexOf(kind) > levels.indexOf(level())) return
      write({ at: new Date(now()).toISOString(), level: kind, ...(scopes.length > 0 ? { scope: scopes.join('.') } : {}), event, ...fields })
    }
    return { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug'), scope: (name) => at([...scopes, name]) }
  }
  return { ...at([]), [Symbol.dispose]: () => sink?.close() }
}

class RotatingFile {
  readonly #path: string
  #file: number
  #bytes: number
  #open = true

  constructor(path: string) {
    this.#path = path
    this.#file = openSync(path, 'a', 0o600)
    this.#bytes = fstatSync(this.#file).size
  }

  write(text: string): void {
    if (!this.#open) return
    const bytes = Buffer.from(text)
    if (this.#bytes > 0 && this.#bytes + bytes.length > logFileBytes) this.#rotate()
    writeSync(this.#file, bytes)
    this.#bytes += bytes.length
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    closeSync(this.#file)
  }

  #rotate(): void {
    renameSync(this.#path, `${this.#path}.1`)
    const fresh = openSync(this.#path, 'a', 0o600)
    closeSync(this.#file)
    this.#file = fresh
    this.#bytes = 0
  }
}
