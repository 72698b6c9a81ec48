/**
 * Which keys a set certainly lacks, in some two bytes for each key: layers of Bloom filters (Bloom 1970), each four
 * times as large as the one before, with both indices from one pass over the key (Kirsch and Mitzenmacher 2006).
 */
const firstBits = 1 << 16
const bitsPerKey = 16
const probes = 4

interface Layer {
  readonly words: Uint32Array
  room: number
}

const layer = (bits: number): Layer => ({ words: new Uint32Array(bits / 32), room: bits / bitsPerKey })

export class KeyFilter {
  readonly #layers: Layer[] = [layer(firstBits)]

  add(key: string): void {
    let newest = this.#layers.at(-1) as Layer
    if (newest.room === 0) this.#layers.push((newest = layer(newest.words.length * 32 * 4)))
    newest.room--
    const { words } = newest
    const [a, b] = hash(key)
    for (let i = 0; i < probes; i++) {
      const bit = (a + Math.imul(i, b)) & (words.length * 32 - 1)
      words[bit >>> 5] = (words[bit >>> 5] as number) | (1 << (bit & 31))
    }
  }

  /** False only for a key that was never added; true for some of those too, less than one in a hundred. */
  mayHave(key: string): boolean {
    const [a, b] = hash(key)
    return this.#layers.some(({ words }) => {
      for (let i = 0; i < probes; i++) {
        const bit = (a + Math.imul(i, b)) & (words.length * 32 - 1)
        if (((words[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return false
      }
      return true
    })
  }
}

/** Two hashes of a key (FNV-1a, and the same with another prime), each stirred at the end. A peer that makes keys collide costs itself nothing but a look into the store. */
function hash(key: string): readonly [number, number] {
  let a = 0x811c9dc5
  let b = 0x1b873593
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ unit, 0x5bd1e995)
  }
  return [stir(a), stir(b) | 1]
}

function stir(value: number): number {
  const half = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return half ^ (half >>> 13)
}
