/**
 * What travels: JSON objects behind their length in four bytes, most significant first. The first frame each
 * way is a hello. `node.stop` and the hello must keep working between versions, so that a newer command can
 * replace an older node; everything else may change with `rpcProtocol`.
 */
import * as z from 'zod'
import { limits } from '../../crdt/wire/limits.ts'
import { AtollError } from '../ports/errors.ts'

/** Raised when frames change their meaning. */
export const rpcProtocol = 1

const id = z.int().min(0)
const short = z.string().max(1024)

/** What a surface says of itself on connecting. */
export const sessionHello = z.object({
  session: z.string().min(1).max(128),
  name: short.optional(),
  directory: z.string().max(4096).optional(),
  agent: short.optional(),
  kind: z.enum(['cli', 'mcp', 'client']),
})

/** From a surface to the node. */
export const request = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), protocol: z.int(), version: short, session: sessionHello }),
  z.object({ type: z.literal('call'), id, operation: short, input: z.unknown(), mesh: z.string().max(4096).optional() }),
  z.object({ type: z.literal('cancel'), id }),
])
export type Request = z.infer<typeof request>

/** An AtollError on the wire. */
export const wireError = z.object({ code: short, message: z.string(), details: z.record(z.string(), z.union([z.string(), z.number()])) })
export type WireError = z.infer<typeof wireError>

/** From the node to a surface. */
export const response = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), protocol: z.int(), version: short, session: short, name: z.string() }),
  z.object({ type: z.literal('refused'), version: short, error: wireError }),
  z.object({ type: z.literal('answer'), id, answer: z.unknown() }),
  z.object({ type: z.literal('error'), id, error: wireError }),
  z.object({ type: z.literal('progress'), id, text: z.string(), done: z.number().optional(), total: z.number().optional(), unit: z.literal('bytes').optional() }),
  z.object({ type: z.literal('event'), id, event: z.unknown() }),
])
export type Response = z.infer<typeof response>

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** The bytes of a frame. Throws value_too_large over `limits.rpcFrameBytes`. */
export function encodeFrame(frame: Request | Response): Uint8Array {
  const body = utf8.encode(JSON.stringify(frame))
  if (body.length > limits.rpcFrameBytes) throw new AtollError('value_too_large', { what: frame.type === 'call' ? 'The request' : 'The answer', size: body.length, limit: limits.rpcFrameBytes })
  const bytes = new Uint8Array(4 + body.length)
  new DataView(bytes.buffer).setUint32(0, body.length)
  bytes.set(body, 4)
  return bytes
}

/** Cuts a byte stream into parsed frames; throws FrameProblem on anything else, at once and without buffering it. */
export async function* readFrames<T>(incoming: AsyncIterable<Uint8Array>, schema: z.ZodType<T>): AsyncGenerator<T, void> {
  const held = new HeldBytes()
  for await (const chunk of incoming) {
    held.add(chunk)
    for (let body = held.takeFrame(); body !== null; body = held.takeFrame()) yield parseBody(body, schema)
  }
  if (held.length > 0) throw new FrameProblem('the connection ended inside a frame')
}

/** Bytes that are not frames: the connection cannot go on. */
export class FrameProblem extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'FrameProblem'
  }
}

function parseBody<T>(body: Uint8Array, schema: z.ZodType<T>): T {
  let json: unknown
  try {
    json = JSON.parse(strictUtf8.decode(body))
  } catch (error) {
    throw new FrameProblem('a frame is not JSON', { cause: error })
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw new FrameProblem(`a frame is out of shape: ${parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ')}`)
  return parsed.data
}

/** Chunks received and not yet read. They are joined once per frame, not once per chunk. */
class HeldBytes {
  #chunks: Uint8Array[] = []
  length = 0

  add(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.length += chunk.length
  }

  takeFrame(): Uint8Array | null {
    if (this.length < 4) return null
    const first = this.#chunks[0] as Uint8Array
    const head = first.length >= 4 ? first : this.#join()
    const size = new DataView(head.buffer, head.byteOffset).getUint32(0)
    if (size > limits.rpcFrameBytes) throw new FrameProblem(`a frame of ${size} bytes, at most ${limits.rpcFrameBytes} are allowed`)
    if (this.length < 4 + size) return null
    const all = this.#join()
    const rest = all.subarray(4 + size)
    this.#chunks = rest.length > 0 ? [rest] : []
    this.length = rest.length
    return all.subarray(4, 4 + size)
  }

  #join(): Uint8Array {
    const only = this.#chunks[0]
    if (this.#chunks.length === 1 && only !== undefined) return only
    const all = new Uint8Array(this.length)
    let at = 0
    for (const chunk of this.#chunks) {
      all.set(chunk, at)
      at += chunk.length
    }
    this.#chunks = [all]
    return all
  }
}
