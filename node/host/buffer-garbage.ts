import { collector } from './collector.ts'

/** How often it is looked at how much buffers weigh. */
const lookEveryBytes = 8 * 1024 * 1024
/** Buffers may weigh so much. With less, each collection hands memory back that is wanted again at once: from 28 MB on a file of 512 MB took twice the processor's time. */
const spareBytes = 36 * 1024 * 1024
/** So much passes at least between two full collections, each of which stops everything for what goes on. */
const fullEveryBytes = 64 * 1024 * 1024

/**
 * Has buffers collected that a stream of chunks leaves behind. V8 itself looks at what they weigh only when it has grown by
 * 32 MB, those that a slow network or disk has made old by 64 MB: chunks are few objects and many bytes. The quick collection
 * of young objects comes first, the full one now and then where that is not enough.
 */
export class BufferGarbage {
  readonly #weight: () => number
  readonly #collect: (type: 'minor' | 'major') => void
  #passed = 0
  #sinceFull = fullEveryBytes

  constructor(weight = (): number => process.memoryUsage().arrayBuffers, collect = collectors()) {
    this.#weight = weight
    this.#collect = collect
  }

  /** So many bytes went through buffers that nobody needs any more. */
  passed(bytes: number): void {
    this.#passed += bytes
    if (this.#passed < lookEveryBytes) return
    this.#sinceFull += this.#passed
    this.#passed = 0
    if (this.#weight() < spareBytes) return
    this.#collect('minor')
    if (this.#weight() < spareBytes || this.#sinceFull < fullEveryBytes) return
    this.#collect('major')
    this.#sinceFull = 0
  }
}

function collectors(): (type: 'minor' | 'major') => void {
  const made = new Map<string, () => void>()
  return (type) => {
    const collect = made.get(type) ?? collector(type)
    made.set(type, collect)
    collect()
  }
}
