import { limits } from '../crdt/wire/limits.ts'
import { AtollError } from '../node/ports/errors.ts'

/** All of standard input as text, without the line break at its end. */
export async function readStdin(stdin: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stdin) {
    size += chunk.length
    if (size > limits.rpcFrameBytes) throw new AtollError('value_too_large', { what: 'Standard input', size, limit: limits.rpcFrameBytes })
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)).replace(/\r?\n$/, '')
  } catch (error) {
    throw new AtollError('bad_input', { what: 'Standard input is not UTF-8 text.' }, { cause: error })
  }
}
