/** The real clock, timers and randomness of a Node process. Disposing clears every timer that is left. */
import { randomBytes } from 'node:crypto'
import type { Runtime } from '../ports/runtime.ts'

export function nodeRuntime(): Runtime & Disposable {
  const pending = new Set<NodeJS.Timeout>()
  return {
    clock: { now: () => Date.now() },
    timers: {
      elapsed: () => performance.now(),
      after: (ms, call) => {
        const timer = setTimeout(() => {
          pending.delete(timer)
          call()
        }, ms)
        pending.add(timer)
        return {
          [Symbol.dispose]: () => {
            clearTimeout(timer)
            pending.delete(timer)
          },
        }
      },
      soon: (call) => void setImmediate(call),
    },
    random: { bytes: pooledRandom() },
    [Symbol.dispose]: () => {
      for (const timer of pending) clearTimeout(timer)
      pending.clear()
    },
  }
}

const poolBytes = 8192

/** Small draws come from a pool: the system call costs more than the bytes. Each byte is given out once and wiped. */
function pooledRandom(): (length: number) => Uint8Array {
  let pool = new Uint8Array()
  let at = 0
  return (length) => {
    if (length > poolBytes / 8) return new Uint8Array(randomBytes(length))
    if (at + length > pool.length) {
      pool = new Uint8Array(randomBytes(poolBytes))
      at = 0
    }
    const bytes = pool.slice(at, at + length)
    pool.fill(0, at, at + length)
    at += length
    return bytes
  }
}
