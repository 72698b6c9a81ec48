import { cleanText } from '../node/ops/clean-text.ts'
import { ProgressText } from '../node/ops/progress-text.ts'
import type { LiveTerminal } from './terminal.ts'
import { fitText } from './text-width.ts'

/** Nothing is said of work that is done sooner than this. */
const patienceMs = 1_000
const frameMs = 120
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const

/** Calls again and again until disposed; tests call by hand. */
export type Every = (milliseconds: number, call: () => void) => Disposable

const interval: Every = (milliseconds, call) => {
  // It must not keep a finished command from ending.
  const timer = setInterval(call, milliseconds).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** Says on standard error that something takes its time. Disposing takes the line away again. */
export class Progress {
  readonly #terminal: LiveTerminal
  readonly #now: () => number
  readonly #began: number
  readonly #timer: Disposable
  readonly #bytes: ProgressText
  #text = ''
  #said = ''
  #shown = false
  #frame = 0

  constructor(terminal: LiveTerminal, now: () => number, every: Every = interval) {
    this.#terminal = terminal
    this.#now = now
    this.#bytes = new ProgressText(now)
    this.#began = now()
    this.#timer = every(frameMs, () => this.#draw())
  }

  /** What is going on now. Off a terminal each new text is one line. */
  update(text: string, done?: number, total?: number, unit?: 'bytes'): void {
    const clean = cleanText(text)
    this.#text = done === undefined ? clean : unit === 'bytes' ? this.#bytes.say(clean, done, total) : `${clean} ${done}${total === undefined ? '' : ` of ${total}`}`
    if (this.#terminal.interactive || clean === this.#said) return
    this.#said = clean
    this.#terminal.err(this.#text)
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
    if (this.#shown) this.#terminal.status('')
  }

  #draw(): void {
    const took = this.#now() - this.#began
    if (!this.#terminal.interactive || took < patienceMs) return
    this.#shown = true
    const frame = frames[this.#frame++ % frames.length]
    this.#terminal.status(fitText(`${frame} ${this.#text || 'working'} (${Math.floor(took / 1000)} s)`, this.#terminal.columns - 1))
  }
}
