import type { Timers } from '../ports/runtime.ts'

/** Resolves when a condition holds, or after so long without. */
export function until(timers: Timers, condition: () => boolean, withinMs: number): Promise<void> {
  const end = timers.elapsed() + withinMs
  return new Promise((resolve) => {
    const look = (): void => {
      if (condition() || timers.elapsed() >= end) resolve()
      else timers.after(20, look)
    }
    look()
  })
}
