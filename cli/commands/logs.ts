/** `atoll logs`: the node's log, read from its file; needs no node. */
import { closeSync, fstatSync, openSync, readSync, statSync, watch, type FSWatcher } from 'node:fs'
import { join } from 'node:path'
import { AtollError } from '../../node/ports/errors.ts'
import { cleanText } from '../../node/ops/clean-text.ts'
import type { Command, CommandInput } from '../command.ts'
import { tone } from '../print-show.ts'

const usualLines = 50

export const command: Command = {
  name: 'logs',
  summary: 'Show what the node wrote to its log',
  usage: ['atoll logs [--lines N] [--follow]'],
  example: 'atoll logs -f',
  positional: [],
  options: {
    lines: { type: 'string', doc: `How many lines from the end (${usualLines})` },
    follow: { type: 'boolean', doc: 'Go on with what is written from now on; Ctrl-C ends it', short: 'f' },
  },
  run: async (input) => {
    const path = join(input.home, 'node.log')
    const lines = readLines(input)
    const tail = new Tail(path)
    try {
      for (const line of lastLines(tail.read(), lines)) print(line, input)
      if (input.values['follow'] === true) await follow(path, tail, input)
    } finally {
      tail.close()
    }
    return 0
  },
}

function readLines({ values }: CommandInput): number {
  const given = values['lines']
  const lines = given === undefined ? usualLines : Number(given)
  if (!Number.isInteger(lines) || lines < 1) throw new AtollError('bad_input', { what: '--lines must be a whole number from 1 on.' })
  return lines
}

function lastLines(text: string, count: number): readonly string[] {
  return text.split('\n').filter((line) => line !== '').slice(-count)
}

/** A log line as a person reads it; with --json as it stands in the file, one document to a line. */
function print(line: string, { json, terminal }: CommandInput): void {
  if (json) return terminal.out(line)
  try {
    const { at, level, scope, event, ...fields } = JSON.parse(line) as Record<'at' | 'level' | 'scope' | 'event', string | undefined>
    const kind = tone(String(level).padEnd(5), level === 'error' ? 'bad' : level === 'warn' ? 'warn' : 'dim', terminal)
    const rest = Object.entries(fields).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    terminal.out(`${tone(String(at), 'dim', terminal)} ${kind} ${cleanText(scope === undefined ? String(event) : `${String(scope)}: ${String(event)}`)} ${cleanText(rest.join(' '))}`.trimEnd())
  } catch {
    // A stack trace of a node that could not start is not JSON.
    terminal.out(cleanText(line))
  }
}

async function follow(path: string, tail: Tail, input: CommandInput): Promise<void> {
  const ended = Promise.withResolvers<void>()
  let rest = ''
  const take = (): void => {
    const whole = (rest + tail.read()).split('\n')
    rest = whole.pop() ?? ''
    for (const line of whole.filter((text) => text !== '')) print(line, input)
  }
  let watcher: FSWatcher | null = null
  try {
    watcher = watch(join(path, '..'), (_, name) => name === 'node.log' && take())
    take()
    input.signal.addEventListener('abort', () => ended.resolve(), { once: true })
    if (input.signal.aborted) ended.resolve()
    await ended.promise
  } finally {
    watcher?.close()
  }
}

/** Reads what was appended since the last time, also after the file was put aside and begun anew. */
class Tail {
  readonly #path: string
  #file: number | null = null
  #at = 0

  constructor(path: string) {
    this.#path = path
  }

  read(): string {
    const before = this.#file === null ? '' : this.#rest(this.#file)
    const now = statSync(this.#path, { throwIfNoEntry: false })
    if (now === undefined) return before
    if (this.#file !== null && fstatSync(this.#file).ino === now.ino) return before
    this.close()
    this.#file = openSync(this.#path, 'r')
    this.#at = 0
    return before + this.#rest(this.#file)
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }

  #rest(file: number): string {
    const size = fstatSync(file).size
    if (size <= this.#at) return ''
    const bytes = Buffer.alloc(size - this.#at)
    const count = readSync(file, bytes, 0, bytes.length, this.#at)
    this.#at += count
    return bytes.toString('utf8', 0, count)
  }
}
