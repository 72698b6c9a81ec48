import { bytesText } from '../ports/bytes-text.ts'

/** The rate is that of the last seconds. */
const lookBackMs = 5_000

/** Says how far bytes have come, how fast they go, and how long the rest will take at that rate. */
export class ProgressText {
  readonly #now: () => number
  #text = ''
  #seen: { readonly at: number; readonly done: number }[] = []

  /** @param now milliseconds that only grow */
  constructor(now: () => number) {
    this.#now = now
  }

  say(text: string, done: number, total: number | undefined): string {
    const at = this.#now()
    if (text !== this.#text) this.#seen = []
    this.#text = text
    this.#seen = [...this.#seen.filter((one) => one.at > at - lookBackMs), { at, done }]
    const parts = [`${text} ${bytesText(done)}${total === undefined ? '' : ` of ${bytesText(total)}`}`]
    const rate = this.#rate()
    if (rate > 0) parts.push(`${bytesText(rate)}/s`)
    if (rate > 0 && total !== undefined && total > done) parts.push(`${timeText((total - done) / rate)} left`)
    return parts.join(', ')
  }

  /** Bytes a second. */
  #rate(): number {
    const [first] = this.#seen
    const last = this.#seen.at(-1)
    return first && last && last.at > first.at ? (1000 * (last.done - first.done)) / (last.at - first.at) : 0
  }
}

function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 360) / 10} h`
}
