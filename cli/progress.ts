import { cleanText } from '../node/ops/clean-text.ts'
import type { LiveTerminal } from './terminal.ts'
import { fitText } from './text-width.ts'

/** Nothing is said of work that is done sooner than this. */
const patienceMs = 1_000
const frameMs = 120
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const

/** Says on standard error that something takes its time. Disposing takes the line away again. */
export class Progress {
  readonly #terminal: LiveTerminal
  readonly #now: () => number
  readonly #began: number
  readonly #timer: NodeJS.Timeout
  #text = ''
  #said = ''
  #shown = false
  #frame = 0

  constructor(terminal: LiveTerminal, now: () => number) {
    this.#terminal = terminal
    this.#now = now
    this.#began = now()
    this.#timer = setInterval(() => this.#draw(), frameMs).unref()
  }

  /** What is going on now. Off a terminal each new text is one line. */
  update(text: string, done?: number, total?: number): void {
    const clean = cleanText(text)
    this.#text = done === undefined ? clean : `${clean} ${done}${total === undefined ? '' : ` of ${total}`}`
    if (this.#terminal.interactive || clean === this.#said) return
    this.#said = clean
    this.#terminal.err(this.#text)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
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
