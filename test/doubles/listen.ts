/** Calls a listener back until its signal fires. */
export async function listen<T>(listeners: Set<(value: T) => void>, on: (value: T) => void, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const listener = (value: T) => on(value)
  listeners.add(listener)
  signal.addEventListener('abort', () => listeners.delete(listener), { once: true })
}
