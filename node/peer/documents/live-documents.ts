import { fromHex, toHex } from '../../../crdt/wire/ids.ts'
import type { Editor, EditorSocket } from '../../ports/editor.ts'
import type { Log } from '../../ports/log.ts'
import type { Random } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'
import { mayDo } from '../replica/permitted.ts'
import { LiveDocument } from './live-document.ts'
import { Room } from './room.ts'

/** What a whisper about a document begins with, before the document's id; presence begins with a brace. */
export const awarenessWhisper = 1
const idBytes = 16

export interface LiveDocumentsNeeds {
  readonly replica: Replica
  readonly random: Random
  readonly log: Log
  /** @param plain what peers are to hear */
  readonly whisper: (plain: Uint8Array) => void
}

/** The documents of one mesh that somebody here has open: each is loaded once, and let go with the last who holds it. */
export class LiveDocuments {
  readonly #needs: LiveDocumentsNeeds
  readonly #open = new Map<string, { readonly document: LiveDocument; holders: number }>()
  readonly #rooms = new Map<string, Room>()
  readonly #listening: Disposable
  /** How often all content was folded anew. */
  #generation = 0

  constructor(needs: LiveDocumentsNeeds) {
    this.#needs = needs
    this.#listening = needs.replica.onCommit(({ events, rebuilt }) => {
      if (rebuilt) {
        this.#generation++
        this.#forget()
      }
      for (const [id, rows] of events.documents) this.#open.get(id)?.document.refresh(rows)
    })
  }

  /** Opens a document until the handle is disposed. */
  hold(id: string): { readonly document: LiveDocument } & Disposable {
    let held = this.#open.get(id)
    if (!held) {
      const clientId = (): number => this.#needs.random.bytes(4).reduce((number, byte) => number * 256 + byte, 0)
      const generation = this.#generation
      this.#open.set(id, (held = { document: new LiveDocument(this.#needs.replica, id, clientId, () => this.#generation !== generation), holders: 0 }))
    }
    held.holders++
    const { document } = held
    return { document, [Symbol.dispose]: () => this.#release(id, document) }
  }

  /** An editor joins a document until it is disposed. */
  join(id: string, socket: EditorSocket): Editor {
    const held = this.hold(id)
    const room = this.#rooms.get(id) ?? this.#openRoom(id, held.document)
    const editor = room.join(socket)
    return {
      receive: (message) => editor.receive(message),
      [Symbol.dispose]: () => {
        editor[Symbol.dispose]()
        if (room.isEmpty) this.#closeRoom(id, room)
        held[Symbol.dispose]()
      },
    }
  }

  /** A whisper about a document, of editors at a peer. */
  hear(plain: Uint8Array): void {
    this.#rooms.get(toHex(plain.subarray(1, 1 + idBytes)))?.hear(plain.subarray(1 + idBytes))
  }

  stop(): void {
    this.#listening[Symbol.dispose]()
    this.#forget()
  }

  #openRoom(id: string, document: LiveDocument): Room {
    const { replica, log, whisper } = this.#needs
    const room = new Room({
      document,
      whisper: (awareness) => whisper(Uint8Array.of(awarenessWhisper, ...fromHex(id), ...awareness)),
      mayWrite: () => mayDo('document.write', replica.membership.now(), replica.identity.device),
      failed: (error) => log.warn('document_write_failed', { document: id, why: error.message }),
    })
    this.#rooms.set(id, room)
    return room
  }

  #closeRoom(id: string, room: Room): void {
    room[Symbol.dispose]()
    if (this.#rooms.get(id) === room) this.#rooms.delete(id)
  }

  /** Drops what is open: it may hold what does not stand any more. Whoever holds it hears of that from the document. */
  #forget(): void {
    for (const { document } of this.#open.values()) document.close('stale')
    for (const [id, room] of this.#rooms) this.#closeRoom(id, room)
    this.#open.clear()
  }

  #release(id: string, document: LiveDocument): void {
    const held = this.#open.get(id)
    if (held?.document !== document || --held.holders > 0) return
    this.#open.delete(id)
    document.close('unused')
  }
}
