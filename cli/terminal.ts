import type { Terminal } from './command.ts'

/** A terminal with one changing line at the bottom of standard error, for progress. */
export interface LiveTerminal extends Terminal {
  /** Replaces that line; empty takes it away. Does nothing off a terminal. */
  status(text: string): void
}

interface Streams {
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number }
}

/** The process's terminal: colours only on a terminal, without NO_COLOR and unless TERM is dumb. */
export function createTerminal({ stdin, stdout, stderr }: Streams, env: Readonly<Record<string, string | undefined>>): LiveTerminal {
  let status = ''
  const wipe = () => (status === '' ? '' : '\r\u001b[K')
  const write = (stream: Streams['stdout'], text: string): void => {
    // The changing line shares the screen with both streams.
    if (status !== '') stderr.write(wipe())
    stream.write(`${text}\n`)
    if (status !== '') stderr.write(status)
  }
  return {
    colour: stdout.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    interactive: stdout.isTTY === true,
    // A terminal that was made without a size says 0.
    columns: stdout.columns || 80,
    out: (text) => write(stdout, text),
    err: (text) => write(stderr, text),
    json: (fields) => write(stdout, JSON.stringify({ schema_version: '1.0', ok: true, ...fields })),
    status: (text) => {
      if (stderr.isTTY !== true) return
      stderr.write(wipe() + text)
      status = text
    },
    stdin,
  }
}
