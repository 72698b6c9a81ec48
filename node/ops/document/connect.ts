import * as z from 'zod'
import { defineOp } from '../define.ts'
import { dim } from '../show.ts'
import { documentName } from './shapes.ts'

/** Says how an editor joins a document. */
export const documentConnect = defineOp({
  name: 'document.connect',
  doc: 'Say how a Yjs editor on this machine joins a live document: the address, room and protocols for y-websocket. One of the protocols is a secret, good until the node stops.',
  permission: 'document.read',
  positional: ['document'],
  input: z.strictObject({ document: documentName }),
  output: z.object({
    id: z.string(),
    title: z.string(),
    url: z.string().describe('The server address for y-websocket'),
    room: z.string(),
    protocols: z.array(z.string()).describe('For its option `protocols`; keep them to yourself'),
  }),
  needs: ['documents'],
  errors: ['document_unknown', 'no_editors_here'],
  cli: { command: 'doc connect' },
  example: 'atoll doc connect "Release notes" --json',
  // Editors need a node that stays.
  onlyReads: () => false,
  handler: ({ documents }, { document }) => documents.connect(document),
  show: ({ url, room, protocols }) => [
    dim('In your editor, with y-websocket:'),
    { quote: `new WebsocketProvider('${url}', '${room}', doc, { protocols: ${JSON.stringify(protocols)} })` },
    dim('The second protocol is a secret: who has it edits as you, until the node stops.'),
  ],
})
