import type { ScanOptions } from '../ports/store.ts'
import { compareKeys } from './memory-store-keys.ts'

/**
 * A map that can be scanned in the order of its keys. Reads by key come from a hash map; the sorted keys are brought
 * up to date only when a scan needs them: a few changes by moving keys, many by one merge.
 */
export class OrderedMap<V> {
  readonly #rows: Map<string, V>
  /** Sorted. Lacks what is in `#fresh`, and may still have keys that are gone. */
  #keys: string[] = []
  /** Keys that were not there when they were set; one that came, went and came back is here twice. */
  #fresh: string[]
  readonly #gone = new Set<string>()

  constructor(rows: Iterable<readonly [string, V]> = []) {
    this.#rows = new Map(rows)
    this.#fresh = [...this.#rows.keys()]
  }

  get size(): number {
    return this.#rows.size
  }

  /** In no particular order. */
  get rows(): ReadonlyMap<string, V> {
    return this.#rows
  }

  has(key: string): boolean {
    return this.#rows.has(key)
  }

  get(key: string): V | undefined {
    return this.#rows.get(key)
  }

  set(key: string, value: V): void {
    if (!this.#rows.has(key)) this.#fresh.push(key)
    this.#rows.set(key, value)
  }

  delete(key: string): void {
    if (this.#rows.delete(key)) this.#gone.add(key)
  }

  scan({ prefix = '', after, limit, reverse = false }: ScanOptions): readonly (readonly [string, V])[] {
    this.#settle()
    const start = this.#firstWhere((key) => compareKeys(key, prefix) >= 0)
    const end = this.#firstWhere((key) => compareKeys(key, prefix) >= 0 && !key.startsWith(prefix))
    if (reverse) {
      const last = after === undefined ? end : Math.min(end, this.#firstWhere((key) => compareKeys(key, after) >= 0))
      return this.#pick(Math.max(start, last - limit), last).reverse()
    }
    const first = after === undefined ? start : Math.max(start, this.#firstWhere((key) => compareKeys(key, after) > 0))
    return this.#pick(first, Math.min(end, first + limit))
  }

  #pick(from: number, to: number): (readonly [string, V])[] {
    return from < to ? this.#keys.slice(from, to).map((key) => [key, this.#rows.get(key) as V] as const) : []
  }

  /** The index of the first key of which `test` holds; it must hold of every key after that. */
  #firstWhere(test: (key: string) => boolean): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (test(this.#keys[middle] as string)) high = middle
      else low = middle + 1
    }
    return low
  }

  #settle(): void {
    const changes = this.#fresh.length + this.#gone.size
    if (changes === 0) return
    if (changes <= 16) {
      for (const key of this.#gone) this.#move(key, false)
      for (const key of this.#fresh) this.#move(key, this.#rows.has(key))
    } else {
      const gone = this.#gone.size > 0
      const old = gone ? this.#keys.filter((key) => !this.#gone.has(key)) : this.#keys
      const fresh = gone ? [...new Set(this.#fresh)].filter((key) => this.#rows.has(key)) : this.#fresh
      this.#keys = merge(old, sorted(fresh))
    }
    this.#fresh = []
    this.#gone.clear()
  }

  /** Puts a key to its place, or takes it from there. */
  #move(key: string, wanted: boolean): void {
    const at = this.#firstWhere((other) => compareKeys(other, key) >= 0)
    const there = this.#keys[at] === key
    if (there !== wanted) this.#keys.splice(at, there ? 1 : 0, ...(wanted ? [key] : []))
  }
}

// The built-in order is three times as fast, and the same where no character is beyond U+D7FF.
const high = /[\ud800-\uffff]/

function sorted(keys: string[]): string[] {
  return keys.some((key) => high.test(key)) ? keys.sort(compareKeys) : keys.sort()
}

/** Both sorted, without a key in common. */
function merge(old: readonly string[], fresh: string[]): string[] {
  if (old.length === 0) return fresh
  const merged: string[] = []
  let next = 0
  for (const key of old) {
    while (next < fresh.length && compareKeys(fresh[next] as string, key) < 0) merged.push(fresh[next++] as string)
    merged.push(key)
  }
  while (next < fresh.length) merged.push(fresh[next++] as string)
  return merged
}
