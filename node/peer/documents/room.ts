/**
 * A document as Yjs editors join it: the y-websocket protocol (messages 0 sync, 1 awareness, 2 auth, 3 query awareness)
 * over any socket. What editors write goes to the log first; cursors go to the other editors and, as whispers, to peers.
 */
import { createDecoder, readVarUint, readVarUint8Array } from 'lib0/decoding'
import { createEncoder, toUint8Array, writeVarUint, writeVarUint8Array } from 'lib0/encoding'
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Editor, EditorSocket } from '../../ports/editor.ts'
import type { LiveDocument } from './live-document.ts'

const messages = { sync: 0, awareness: 1, auth: 2, queryAwareness: 3 } as const
const sync = { step1: 0, step2: 1, update: 2 } as const
/** Cursors of peers come from here. */
const fromPeers = Symbol('from peers')

export interface RoomNeeds {
  readonly document: LiveDocument
  /** Says to peers what editors here do with their cursors. */
  readonly whisper: (awareness: Uint8Array) => void
  /** Whether this member may write, asked with each update: roles change. */
  readonly mayWrite: () => boolean
  readonly failed: (error: AtollError) => void
}

export class Room implements Disposable {
  readonly #needs: RoomNeeds
  readonly #sockets = new Map<EditorSocket, Set<number>>()
  readonly #awareness: Awareness
  readonly #listening: Disposable[]

  constructor(needs: RoomNeeds) {
    this.#needs = needs
    // Its timer, which drops cursors not heard of for 30 s, is the library's own: there is no passing one in.
    this.#awareness = new Awareness(needs.document.doc)
    // Nobody edits on this side.
    this.#awareness.setLocalState(null)
    this.#awareness.on('update', (change: AwarenessChange, origin: unknown) => this.#moved(change, origin))
    this.#listening = [
      needs.document.onUpdate((update) => this.#tell(message(messages.sync, sync.update, update))),
      needs.document.onClose(() => {
        for (const socket of this.#sockets.keys()) socket.close('stale')
      }),
    ]
  }

  get isEmpty(): boolean {
    return this.#sockets.size === 0
  }

  join(socket: EditorSocket): Editor {
    this.#sockets.set(socket, new Set())
    socket.send(message(messages.sync, sync.step1, Y.encodeStateVector(this.#needs.document.doc)))
    this.#greet(socket)
    return {
      receive: (bytes) => {
        try {
          this.#receive(bytes, socket)
        } catch {
          // Every decoder throws in its own words: the editor sent what is no message.
          socket.close('malformed')
        }
      },
      [Symbol.dispose]: () => this.#leave(socket),
    }
  }

  /** What editors of a peer do with their cursors. */
  hear(awareness: Uint8Array): void {
    // The library remembers everybody of whom it ever heard.
    if (this.#awareness.meta.size >= limits.cursorsPerDocument) return
    try {
      applyAwarenessUpdate(this.#awareness, awareness, fromPeers)
    } catch {
      // A peer's cursors that nobody can read are shown to nobody.
    }
  }

  [Symbol.dispose](): void {
    for (const one of this.#listening) one[Symbol.dispose]()
    this.#awareness.destroy()
  }

  #receive(bytes: Uint8Array, socket: EditorSocket): void {
    const decoder = createDecoder(bytes)
    const type = readVarUint(decoder)
    if (type === messages.queryAwareness) return this.#greet(socket)
    if (type === messages.awareness) return applyAwarenessUpdate(this.#awareness, readVarUint8Array(decoder), socket)
    if (type !== messages.sync) return
    const step = readVarUint(decoder)
    const content = readVarUint8Array(decoder)
    if (step === sync.step1) return socket.send(message(messages.sync, sync.step2, Y.encodeStateAsUpdate(this.#needs.document.doc, content)))
    this.#write(content, socket)
  }

  #write(update: Uint8Array, socket: EditorSocket): void {
    if (isEmpty(update)) return
    if (!this.#needs.mayWrite()) return socket.close('refused')
    this.#needs.document.write(update, socket).catch((error: unknown) => {
      // The editor holds what the log does not: it comes again with the whole of it when it joins anew.
      this.#needs.failed(error instanceof AtollError ? error : new AtollError('internal', { why: String(error) }))
      socket.close('stale')
    })
  }

  /** Cursors moved: of an editor here, which peers are told, or of one elsewhere. */
  #moved({ added, updated, removed }: AwarenessChange, origin: unknown): void {
    const clients = [...added, ...updated, ...removed]
    const own = this.#sockets.get(origin as EditorSocket)
    for (const client of [...added, ...updated]) own?.add(client)
    const update = encodeAwarenessUpdate(this.#awareness, clients)
    this.#tell(message(messages.awareness, update))
    if (own || origin === 'left') this.#needs.whisper(update)
  }

  #greet(socket: EditorSocket): void {
    const clients = [...this.#awareness.getStates().keys()]
    if (clients.length > 0) socket.send(message(messages.awareness, encodeAwarenessUpdate(this.#awareness, clients)))
  }

  #leave(socket: EditorSocket): void {
    const clients = this.#sockets.get(socket)
    this.#sockets.delete(socket)
    if (clients && clients.size > 0) removeAwarenessStates(this.#awareness, [...clients], 'left')
  }

  #tell(bytes: Uint8Array): void {
    for (const socket of this.#sockets.keys()) socket.send(bytes)
  }
}

interface AwarenessChange {
  readonly added: readonly number[]
  readonly updated: readonly number[]
  readonly removed: readonly number[]
}

/** Numbers first, then bytes behind their length. */
function message(...parts: readonly (number | Uint8Array)[]): Uint8Array {
  const encoder = createEncoder()
  for (const part of parts) {
    if (typeof part === 'number') writeVarUint(encoder, part)
    else writeVarUint8Array(encoder, part)
  }
  return toUint8Array(encoder)
}

/** An editor that joins answers with what we lack, which is mostly nothing. */
function isEmpty(update: Uint8Array): boolean {
  return update.length === 2 && update[0] === 0 && update[1] === 0
}

/** What an editor without a valid token is told, so that it gives up. */
export function denied(why: string): Uint8Array {
  const encoder = createEncoder()
  writeVarUint(encoder, messages.auth)
  writeVarUint(encoder, 0)
  const text = new TextEncoder().encode(why)
  writeVarUint8Array(encoder, text)
  return toUint8Array(encoder)
}
