import type { CommandInput } from '../command.ts'

/**
 * Whether to go on: asks on a terminal. Off one, with --yes or with --json nobody is asked, since nothing
 * prompts there and the change was named, is shown, and can be undone exactly.
 */
export async function agreed(question: string, { values, json, terminal, signal }: Pick<CommandInput, 'values' | 'json' | 'terminal' | 'signal'>): Promise<boolean> {
  if (values['yes'] === true || json || !terminal.interactive) return true
  terminal.err(`${question} [y/N]`)
  return /^y(es)?$/i.test(await firstLine(terminal.stdin, signal))
}

/** Says that nothing was done; the exit status of a command that was not agreed to. */
export function declined({ terminal }: Pick<CommandInput, 'terminal'>): number {
  terminal.err('Nothing was changed.')
  return 1
}

/** What is typed up to the first line end; empty when the input or the signal ends it. */
async function firstLine(input: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<string> {
  const stopped = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  const decoder = new TextDecoder()
  const chunks = input[Symbol.asyncIterator]()
  let text = ''
  while (!text.includes('\n')) {
    const next = await Promise.race([chunks.next(), stopped])
    if (next === undefined || next.done === true) break
    text += decoder.decode(next.value, { stream: true })
  }
  return (text.split('\n')[0] ?? '').trim()
}
