import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Machine } from './machine.ts'

/** Asked of probe-child.ts, each with a number that its answer repeats. */
export type Asked = { readonly id: number } & Question

type Question =
  | { readonly kind: 'bind'; readonly port: number; readonly address: string; readonly echo: boolean }
  | { readonly kind: 'send'; readonly port: number; readonly to: string; readonly toPort: number; readonly text: string; readonly times: number }
  | { readonly kind: 'serve'; readonly port: number; readonly address: string }
  | { readonly kind: 'call'; readonly to: string; readonly toPort: number; readonly ms: number }

export interface Heard {
  readonly port: number
  readonly text: string
  readonly from: { readonly address: string; readonly port: number }
}

export type Told = ({ readonly kind: 'heard' } & Heard) | { readonly kind: 'done'; readonly id: number; readonly result: string }

/** A program on a machine that shows which packets get through. It ends with the laboratory. */
export class Probe {
  readonly machine: Machine
  readonly #child: ChildProcess
  readonly #heard: Heard[] = []
  readonly #waiting = new Map<number, (result: string) => void>()
  #asked = 0

  private constructor(machine: Machine, child: ChildProcess) {
    this.machine = machine
    this.#child = child
    child.on('message', (told: Told) => {
      if (told.kind === 'heard') this.#heard.push(told)
      else this.#waiting.get(told.id)?.(told.result)
    })
  }

  static async on(machine: Machine): Promise<Probe> {
    const child = machine.namespace.start(join(import.meta.dirname, 'probe-child.ts'))
    await once(child, 'message')
    return new Probe(machine, child)
  }

  /** All datagrams that have arrived. */
  get heard(): readonly Heard[] {
    return this.#heard
  }

  /** Listens for UDP, from where it can also send. With `echo` it returns what it hears. */
  async bind(port: number, { address = '0.0.0.0', echo = false } = {}): Promise<void> {
    await this.#ask({ kind: 'bind', port, address, echo })
  }

  /** Sends the text from a bound port, perhaps several times at once. */
  async send(port: number, to: string, toPort: number, text: string, times = 1): Promise<void> {
    await this.#ask({ kind: 'send', port, to, toPort, text, times })
  }

  /** Accepts TCP. */
  async serve(port: number, address = '0.0.0.0'): Promise<void> {
    await this.#ask({ kind: 'serve', port, address })
  }

  /** `open`, or the code of the error with which a TCP connection failed; ABORT_ERR: no answer in the time. */
  call(to: string, toPort: number, ms = 1_000): Promise<string> {
    return this.#ask({ kind: 'call', to, toPort, ms })
  }

  #ask(question: Question): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>()
    const id = ++this.#asked
    this.#waiting.set(id, resolve)
    this.#child.send({ id, ...question } satisfies Asked)
    return promise
  }
}
