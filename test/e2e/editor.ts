import { WebSocket as NodeWebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import type { Person } from './world.ts'

/** A stock y-websocket provider, joined to a document at somebody's node. */
export interface Editor extends AsyncDisposable {
  readonly doc: Y.Doc
  readonly provider: WebsocketProvider
  text(): string
}

/** An editor as any Yjs program makes one. */
export async function edit(person: Person, id: string, change: { origin?: string; protocols?: string[] } = {}): Promise<Editor> {
  const { url, room, protocols } = (await person.does('doc', 'connect', id)) as { url: string; room: string; protocols: string[] }
  const doc = new Y.Doc()
  const origin = change.origin
  class Socket extends NodeWebSocket {
    constructor(address: string, offered: string[]) {
      super(address, offered, origin === undefined ? {} : { origin })
    }
  }
  const provider = new WebsocketProvider(url, room, doc, { WebSocketPolyfill: Socket as never, protocols: change.protocols ?? protocols, disableBc: true })
  return {
    doc,
    provider,
    text: () => doc.getText('content').toJSON(),
    async [Symbol.asyncDispose]() {
      provider.destroy()
      doc.destroy()
      await Promise.resolve()
    },
  }
}
