/** Asks for something on the terminal that must not be seen on it. */
import { AtollError } from '../../node/ports/errors.ts'
import { limits } from '../../crdt/wire/limits.ts'

/** A terminal's keyboard. */
export interface Keyboard {
  setRawMode(raw: boolean): unknown
  resume(): unknown
  pause(): unknown
  on(event: 'data', call: (chunk: Uint8Array) => void): unknown
  off(event: 'data', call: (chunk: Uint8Array) => void): unknown
}

/** What the keys do that are no text. */
const keys = { enter: /[\r\n]/, erase: /[\u007f\b]/, eraseAll: '\u0015', interrupt: '\u0003', end: '\u0004' } as const

/**
 * One line, typed without echo. Throws cancelled on Ctrl-C, Ctrl-D and the signal.
 * @param prompt writes the question, and the line break that the hidden Enter did not make
 */
export async function askSecret(question: string, keyboard: Keyboard, prompt: (text: string) => void, signal: AbortSignal): Promise<string> {
  const answer = Promise.withResolvers<string>()
  const cancel = (): void => answer.reject(new AtollError('cancelled'))
  const decoder = new TextDecoder()
  let typed = ''
  const take = (chunk: Uint8Array): void => {
    for (const key of decoder.decode(chunk, { stream: true })) {
      if (keys.enter.test(key)) return answer.resolve(typed)
      if (key === keys.interrupt || key === keys.end) return cancel()
      if (key === keys.eraseAll) typed = ''
      else if (keys.erase.test(key)) typed = typed.replace(/.$/su, '')
      else if (typed.length < limits.passphraseBytes) typed += key
    }
  }
  // Before the question: whoever sees it may type at once.
  keyboard.setRawMode(true)
  keyboard.on('data', take)
  signal.addEventListener('abort', cancel, { once: true })
  keyboard.resume()
  prompt(question)
  try {
    if (signal.aborted) cancel()
    return await answer.promise
  } finally {
    signal.removeEventListener('abort', cancel)
    keyboard.off('data', take)
    keyboard.pause()
    keyboard.setRawMode(false)
    prompt('\n')
  }
}
