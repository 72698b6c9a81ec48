/** Where a passphrase comes from: a file, the terminal, or standard input. Never an argument or the environment, which others may read. */
import { resolve } from 'node:path'
import { utf8Length } from '../../crdt/wire/codec.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { AtollError } from '../../node/ports/errors.ts'
import type { CommandInput } from '../command.ts'
import { askSecret } from './ask-secret.ts'
import { readBounded } from './read-bounded.ts'

/** Shorter ones are guessed, whatever a guess costs. */
const leastCharacters = 8

/** The flag of both commands. */
export const passphraseOptions = {
  'passphrase-file': { type: 'string', doc: 'Read the passphrase from a file; else it is asked for, or read from standard input where that is no terminal.' },
} as const

/** The passphrase of a backup that is there. */
export async function readPassphrase(input: CommandInput): Promise<string> {
  return (await given(input)) ?? (await ask('Passphrase of the backup: ', input))
}

/** A passphrase for a new backup: on the terminal it is asked for twice. Throws bad_input where it is too short or the two differ. */
export async function newPassphrase(input: CommandInput): Promise<string> {
  const ready = await given(input)
  if (ready !== undefined) return strong(ready)
  const first = strong(await ask(`Passphrase for the backup, at least ${leastCharacters} characters; several words are best: `, input))
  if ((await ask('The same again: ', input)) !== first) throw new AtollError('bad_input', { what: 'The two are not the same. Nothing was written; try again.' })
  return first
}

async function given({ values, terminal }: CommandInput): Promise<string | undefined> {
  const path = values['passphrase-file']
  if (typeof path === 'string') return bounded(textOf(resolve(path)))
  if (process.stdin.isTTY === true) return undefined
  const { readStdin } = await import('../read-stdin.ts')
  return bounded(await readStdin(terminal.stdin))
}

/** The file's text without the line break at its end. */
function textOf(path: string): string {
  // A line break of two bytes may follow.
  const bytes = readBounded(path, limits.passphraseBytes + 2)
  if (!bytes) throw tooLong(`more than ${limits.passphraseBytes}`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
  } catch (error) {
    throw new AtollError('bad_input', { what: 'The passphrase is not UTF-8 text.' }, { cause: error })
  }
}

function ask(question: string, { json, signal }: CommandInput): Promise<string> {
  if (json) throw new AtollError('bad_input', { what: 'With --json nobody is asked: give the passphrase with --passphrase-file, or on standard input.' })
  // Not by `terminal.err`, which ends the line.
  return askSecret(question, process.stdin, (text) => process.stderr.write(text), signal)
}

function bounded(passphrase: string): string {
  const size = utf8Length(passphrase)
  if (size > limits.passphraseBytes) throw tooLong(size)
  return passphrase
}

const tooLong = (size: number | string): AtollError => new AtollError('bad_input', { what: `The passphrase is ${size} bytes; at most ${limits.passphraseBytes} are allowed.` })

function strong(passphrase: string): string {
  if (passphrase.length < leastCharacters) throw new AtollError('bad_input', { what: `The passphrase is too short: at least ${leastCharacters} characters, or it is soon guessed.` })
  return passphrase
}
