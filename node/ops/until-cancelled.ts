import { AtollError } from '../ports/errors.ts'

/** Never resolves: rejects with the signal's reason when it fires. Streaming operations end this way. */
export function untilCancelled(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(signal.reason instanceof AtollError ? signal.reason : new AtollError('cancelled'))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}
