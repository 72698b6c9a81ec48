/**
 * Where editors on this machine join live documents: the y-websocket protocol on loopback. The token travels in the
 * list of subprotocols, never in a URL, and is good while the node runs; a page of the web has no business here, so its
 * Origin is refused, and a name that resolves to this machine by somebody else's wish is refused by its Host.
 */
import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { denied } from '../peer/documents/room.ts'
import type { Editor, EditorSocket } from '../ports/editor.ts'
import type { Log } from '../ports/log.ts'
import type { Random } from '../ports/runtime.ts'
import { foreign } from './loopback.ts'

const subprotocol = 'atoll'
/** One message of an editor. A document that is pasted as a whole is one. */
const messageBytes = 16 * 1024 * 1024
/** An editor that takes nothing while so much waits for it is let go. */
const unsentBytes = 32 * 1024 * 1024
const editorsAtOnce = 256
/** Mesh and document. */
const roomPath = /^\/([0-9a-f]{64})\/([0-9a-f]{32})(?:\?|$)/
/** y-websocket does not try again after 4400 to 4499. */
const closing = { denied: 4401, refused: 4403, malformed: 4400, unknown: 4404, stale: 1012, crowded: 1013 } as const

export interface DocumentsEndpointNeeds {
  readonly log: Log
  readonly random: Random
  /** Joins an editor to a document of a mesh; undefined where there is none. */
  readonly join: (mesh: string, document: string, socket: EditorSocket) => Editor | undefined
}

export class NodeDocumentsEndpoint implements AsyncDisposable {
  readonly #needs: DocumentsEndpointNeeds
  readonly #token: string
  readonly #sockets: WebSocketServer
  #server: Promise<Server> | undefined

  constructor(needs: DocumentsEndpointNeeds) {
    this.#needs = needs
    this.#token = Buffer.from(needs.random.bytes(32)).toString('base64url')
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: messageBytes, perMessageDeflate: false, handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false) })
  }

  /** Listens from the first time it is asked for. */
  async open(): Promise<{ readonly url: string; readonly protocols: readonly string[] }> {
    this.#server ??= this.#listen()
    const { port } = (await this.#server).address() as AddressInfo
    return { url: `ws://127.0.0.1:${port}`, protocols: [subprotocol, this.#token] }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    const server = await this.#server?.catch(() => undefined)
    await new Promise<void>((resolve) => {
      if (server) server.close(() => resolve())
      else resolve()
    })
  }

  #listen(): Promise<Server> {
    const server = createServer((_, response) => response.writeHead(426, { 'content-type': 'text/plain' }).end('Editors join documents here over WebSocket.\n'))
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy())
      const refusal = this.#refusal(request)
      if (refusal !== undefined) return void socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
      this.#sockets.handleUpgrade(request, socket, head, (editor) => this.#joined(editor, request))
    })
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', () => resolve(server))
    })
  }

  /** What a request is refused with before anything is said to it. */
  #refusal({ headers }: IncomingMessage): string | undefined {
    return foreign(headers) ?? (this.#sockets.clients.size >= editorsAtOnce ? '503 Service Unavailable' : undefined)
  }

  #joined(editor: WebSocket, request: IncomingMessage): void {
    editor.on('error', (error) => this.#needs.log.debug('editor_failed', { why: error.message }))
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim())
    if (!offered.some((one) => this.#isToken(one))) {
      editor.send(denied('this needs the token that `atoll doc connect` gives'))
      return editor.close(closing.denied)
    }
    const [, mesh = '', document = ''] = roomPath.exec(request.url ?? '') ?? []
    const socket: EditorSocket = {
      send: (message) => {
        if (editor.readyState !== editor.OPEN) return
        if (editor.bufferedAmount > unsentBytes) return editor.terminate()
        editor.send(message)
      },
      close: (why) => editor.close(closing[why]),
    }
    const joined = this.#needs.join(mesh, document, socket)
    if (!joined) return editor.close(closing.unknown)
    editor.on('message', (data: Buffer, isBinary) => {
      if (isBinary) joined.receive(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      else editor.close(closing.malformed)
    })
    editor.once('close', () => joined[Symbol.dispose]())
  }

  #isToken(offered: string): boolean {
    const [given, wanted] = [Buffer.from(offered), Buffer.from(this.#token)]
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  }
}
