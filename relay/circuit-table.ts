import type { RelayLimits } from './relay-limits.ts'

export type CircuitSlot =
  | { readonly ok: true; /** Gives the slot back; further calls do nothing. */ readonly release: () => void }
  | { readonly ok: false; readonly reason: 'circuits_full' | 'circuits_per_peer' | 'circuits_to_peer' | 'circuits_per_pair' }

/** How many circuits stand, in all, by whom, to whom. A slot is held from the request to the end of the circuit. */
export class CircuitTable {
  readonly #limits: RelayLimits
  readonly #from = new Map<string, number>()
  readonly #to = new Map<string, number>()
  readonly #pairs = new Map<string, number>()
  #all = 0

  constructor(limits: RelayLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#all
  }

  open(source: string, destination: string): CircuitSlot {
    const pair = `${source} ${destination}`
    if (this.#all >= this.#limits.circuits) return { ok: false, reason: 'circuits_full' }
    if (count(this.#from, source) >= this.#limits.circuitsPerPeer) return { ok: false, reason: 'circuits_per_peer' }
    if (count(this.#pairs, pair) >= this.#limits.circuitsPerPair) return { ok: false, reason: 'circuits_per_pair' }
    if (count(this.#to, destination) >= this.#limits.circuitsToPeer) return { ok: false, reason: 'circuits_to_peer' }
    this.#change(source, destination, pair, 1)
    let held = true
    return {
      ok: true,
      release: () => {
        if (!held) return
        held = false
        this.#change(source, destination, pair, -1)
      },
    }
  }

  #change(source: string, destination: string, pair: string, by: 1 | -1): void {
    this.#all += by
    add(this.#from, source, by)
    add(this.#to, destination, by)
    add(this.#pairs, pair, by)
  }
}

function count(of: ReadonlyMap<string, number>, key: string): number {
  return of.get(key) ?? 0
}

function add(to: Map<string, number>, key: string, by: number): void {
  const sum = count(to, key) + by
  if (sum === 0) to.delete(key)
  else to.set(key, sum)
}
