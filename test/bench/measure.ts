/** Time and order statistics for benchmarks. */

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
