import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { AtollError } from '../../node/ports/errors.ts'
import { askSecret, type Keyboard } from './ask-secret.ts'

class FakeKeyboard extends EventEmitter implements Keyboard {
  raw = false
  reading = false

  setRawMode(raw: boolean): void {
    this.raw = raw
  }

  resume(): void {
    this.reading = true
  }

  pause(): void {
    this.reading = false
  }

  type(...chunks: (string | Uint8Array)[]): void {
    for (const chunk of chunks) this.emit('data', typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk)
  }
}

describe('a passphrase on the terminal', () => {
  const ask = (signal = new AbortController().signal) => {
    const keyboard = new FakeKeyboard()
    const shown: string[] = []
    const hidden: boolean[] = []
    const answer = askSecret('Passphrase: ', keyboard, (text) => hidden.push(keyboard.raw) && shown.push(text), signal).catch((error: unknown) => (error instanceof AtollError ? error.code : error))
    return { keyboard, shown, hidden, answer }
  }

  it('R2: is read without echo, with corrections, and the terminal is as it was afterwards', async () => {
    const { keyboard, shown, hidden, answer } = ask()
    expect(keyboard).toMatchObject({ raw: true, reading: true })
    // A character of two bytes may come in two pieces.
    keyboard.type('wrong', '\u0015', 'réx', '\u007f', 'c', Uint8Array.of(0xc3), Uint8Array.of(0xa9), '🪸', '\b', 'if\rrest')
    expect(await answer).toBe('récéif')
    expect(keyboard).toMatchObject({ raw: false, reading: false })
    expect(keyboard.listenerCount('data')).toBe(0)
    expect(shown).toEqual(['Passphrase: ', '\n'])
    expect(hidden[0], 'the echo is off before anybody is asked').toBe(true)
  })

  it('R2: ends with Ctrl-C, Ctrl-D and the signal, the terminal as it was', async () => {
    for (const key of ['\u0003', '\u0004']) {
      const { keyboard, answer } = ask()
      keyboard.type('half', key)
      expect(await answer).toBe('cancelled')
      expect(keyboard.raw).toBe(false)
    }
    const abort = new AbortController()
    const { keyboard, answer } = ask(abort.signal)
    abort.abort()
    expect(await answer).toBe('cancelled')
    expect(keyboard.raw).toBe(false)
    expect(await ask(AbortSignal.abort()).answer).toBe('cancelled')
  })
})
