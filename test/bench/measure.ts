/** Time, memory and order statistics for benchmarks. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The built program. */
export const program = join(import.meta.dirname, '../../dist/bin.js')

/** Resident memory of a process in bytes. */
export function rssOf(pid: number): number {
  return 1024 * Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

/** Wall time in milliseconds with a fraction, comparable between processes of one machine. */
export const wallMs = (): number => performance.timeOrigin + performance.now()

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const start = performance.now()
  const value = await work()
  return { ms: performance.now() - start, value }
}
