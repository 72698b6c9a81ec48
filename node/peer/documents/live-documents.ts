import type { Random } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'
import { LiveDocument } from './live-document.ts'

/** The documents of one mesh that somebody here has open: each is loaded once, and let go with the last who holds it. */
export class LiveDocuments {
  readonly #replica: Replica
  readonly #random: Random
  readonly #open = new Map<string, { readonly document: LiveDocument; holders: number }>()
  readonly #listening: Disposable

  constructor(replica: Replica, random: Random) {
    this.#replica = replica
    this.#random = random
    this.#listening = replica.onCommit(({ events, rebuilt }) => {
      if (rebuilt) this.#forget()
      for (const id of events.documents) this.#open.get(id)?.document.refresh()
    })
  }

  /** Opens a document until the handle is disposed. */
  hold(id: string): { readonly document: LiveDocument } & Disposable {
    let held = this.#open.get(id)
    if (!held) {
      const clientId = (): number => this.#random.bytes(4).reduce((number, byte) => number * 256 + byte, 0)
      this.#open.set(id, (held = { document: new LiveDocument(this.#replica, id, clientId), holders: 0 }))
    }
    held.holders++
    const { document } = held
    return { document, [Symbol.dispose]: () => this.#release(id, document) }
  }

  /** Drops what is open: it may hold what does not stand any more. Whoever holds it hears of that from the document. */
  #forget(): void {
    for (const { document } of this.#open.values()) document.close()
    this.#open.clear()
  }

  stop(): void {
    this.#listening[Symbol.dispose]()
    this.#forget()
  }

  #release(id: string, document: LiveDocument): void {
    const held = this.#open.get(id)
    if (held?.document !== document || --held.holders > 0) return
    held.document.close()
    this.#open.delete(id)
  }
}
