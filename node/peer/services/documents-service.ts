/** Live documents: their titles are registers of the document `documents`, their content Yjs. */
import * as z from 'zod'
import { decodeRow, registerKey, type Version } from '../../../crdt/docs/registers.ts'
import { toHex } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Editor, EditorSocket } from '../../ports/editor.ts'
import type { Random } from '../../ports/runtime.ts'
import type { DocumentsService, DocumentSummary } from '../../ports/services.ts'
import type { LiveDocument } from '../documents/live-document.ts'
import type { PeerNeeds } from '../peer-needs.ts'
import { authorOf } from './author-of.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { allRows } from '../replica/rows.ts'

const doc = 'documents'
const titleValue = z.object({ title: z.string() })

export function documentsService(mesh: () => RunningMesh, random: Random, open: PeerNeeds['openDocuments']): DocumentsService {
  return {
    async create({ title, text, part }) {
      const id = toHex(random.bytes(16))
      const [written] = await mesh().replica.write([{ type: 'set', doc, key: id, value: JSON.stringify({ title: title.normalize('NFC') }) }])
      if (text !== undefined) await within(mesh(), id, ({ edit }) => edit((one) => one.getText(part).insert(0, text)))
      return { id, title, by: mesh().names.device(mesh().replica.identity.device), at: written?.clock.ms ?? 0 }
    },
    list: async () => documentsOf(mesh()),
    async show(typed, part) {
      const found = find(mesh(), typed)
      return within(mesh(), found.id, async ({ document }) => ({ ...found, text: textOf(document, part), parts: [...document.doc.share.keys()].sort() }))
    },
    async append({ document: typed, text, part }) {
      const { id, title } = find(mesh(), typed)
      return within(mesh(), id, async ({ document, edit }) => {
        await edit((one) => {
          const content = one.getText(part)
          const before = content.toJSON()
          content.insert(content.length, `${before === '' || before.endsWith('\n') ? '' : '\n'}${text}`)
        })
        return { id, title, length: textOf(document, part).length }
      })
    },
    async connect(typed) {
      const { id, title } = find(mesh(), typed)
      if (!open) throw new AtollError('no_editors_here')
      const { url, protocols } = await open()
      return { id, title, url: `${url}/${mesh().id}`, room: id, protocols }
    },
    async export(typed, format, part) {
      const { id, title } = find(mesh(), typed)
      return within(mesh(), id, async ({ document }) => ({ id, title, format, content: format === 'text' ? textOf(document, part) : base64(document.encoded()) }))
    },
  }
}

/** Joins an editor to a document that is there. */
export function joinDocument(mesh: RunningMesh, id: string, socket: EditorSocket): Editor | undefined {
  return mesh.replica.mayRead() && documentsOf(mesh).some((one) => one.id === id) ? mesh.documents.join(id, socket) : undefined
}

interface Held {
  readonly document: LiveDocument
  readonly edit: LiveDocument['edit']
}

async function within<T>(mesh: RunningMesh, id: string, work: (held: Held) => Promise<T>): Promise<T> {
  using held = mesh.documents.hold(id)
  const { document } = held
  return await work({ document, edit: (change) => document.edit(change) })
}

/** Newest first. */
function documentsOf(mesh: RunningMesh): DocumentSummary[] {
  const prefix = registerKey(doc, '')
  const found: DocumentSummary[] = []
  for (const [key, row] of allRows(mesh.replica.store, 'register', prefix)) {
    const [version] = decodeRow(row)
    const title = version && titleOf(version)
    if (version && title !== undefined) found.push({ id: key.slice(prefix.length), title, by: authorOf(mesh.names, version), at: version.clock.ms })
  }
  return found.sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1))
}

function titleOf({ deleted, value }: Version): string | undefined {
  const parsed = deleted ? undefined : titleValue.safeParse(JSON.parse(value))
  return parsed?.success ? parsed.data.title : undefined
}

/** What was typed: an id, its beginning, or a title; of several with one title none is meant. */
function find(mesh: RunningMesh, typed: string): DocumentSummary {
  const all = documentsOf(mesh)
  const wanted = typed.normalize('NFC')
  const byId = all.filter(({ id }) => id === wanted || (wanted.length >= 6 && id.startsWith(wanted)))
  const found = byId.length > 0 ? byId : all.filter(({ title }) => title === wanted)
  const [only, ...others] = found
  if (!only || others.length > 0) throw new AtollError('document_unknown', { name: typed, choices: others.length > 0 ? found.map(({ id }) => id.slice(0, 12)).join(', ') : 'none' })
  return only
}

function textOf(document: LiveDocument, part: string): string {
  const text = document.text(part)
  if (text === undefined) throw new AtollError('bad_input', { what: `The part ${part} of this document is no text.` })
  return text
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base64 (RFC 4648); browsers and Node have it under different names, and neither is known here. */
function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3)
    const bits = (a << 16) | (b << 8) | c
    for (let i = 0; i < 4; i++) text += at + i > bytes.length ? '=' : (digits[(bits >> (18 - 6 * i)) & 63] as string)
  }
  return text
}
