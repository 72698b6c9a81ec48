import type { Duplex } from './duplex.ts'

/** Two ends of a channel in memory. `send` resolves when the other end has taken the bytes, so it pushes back. */
export function createDuplexPair(): readonly [Duplex, Duplex] {
  const there = new Pipe()
  const back = new Pipe()
  const end = (incoming: Pipe, outgoing: Pipe): Duplex => ({
    incoming,
    send: (bytes) => outgoing.put(bytes),
    close: async () => {
      outgoing.end()
      incoming.end()
    },
  })
  return [end(back, there), end(there, back)]
}

interface Parcel {
  readonly bytes: Uint8Array
  taken(): void
}

class Pipe implements AsyncIterable<Uint8Array> {
  #parcels: Parcel[] = []
  #ended = false
  #wake: () => void = () => {}

  put(bytes: Uint8Array): Promise<void> {
    if (this.#ended) return Promise.reject(new Error('the channel is closed'))
    return new Promise((taken) => {
      this.#parcels.push({ bytes, taken })
      this.#wake()
    })
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    while (true) {
      const parcel = this.#parcels.shift()
      if (parcel !== undefined) {
        parcel.taken()
        yield parcel.bytes
      } else if (this.#ended) return
      else await new Promise<void>((wake) => (this.#wake = wake))
    }
  }
}
