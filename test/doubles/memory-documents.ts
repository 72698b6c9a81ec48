import { AtollError } from '../../node/ports/errors.ts'
import type { DocumentsService } from '../../node/ports/services.ts'

/** Documents of one text each, which no editor can join. */
export function memoryDocuments(world: { now(): number; id(kind: string): string }, as: string): DocumentsService {
  const documents = new Map<string, { readonly id: string; readonly title: string; text: string; readonly at: number }>()
  const find = (typed: string): { id: string; title: string; text: string; at: number } => {
    const found = [...documents.values()].filter(({ id, title }) => id === typed || title === typed)
    const [only, ...others] = found
    if (!only || others.length > 0) throw new AtollError('document_unknown', { name: typed, choices: 'none' })
    return only
  }
  const summary = ({ id, title, at }: { id: string; title: string; at: number }): { id: string; title: string; by: string; at: number } => ({ id, title, by: as, at })
  return {
    create: async ({ title, text = '' }) => {
      const document = { id: world.id('doc'), title, text, at: world.now() }
      documents.set(document.id, document)
      return summary(document)
    },
    list: async () => [...documents.values()].map(summary),
    show: async (typed, part) => ({ ...summary(find(typed)), text: find(typed).text, parts: [part] }),
    append: async ({ document, text }) => {
      const found = find(document)
      found.text += `${found.text === '' ? '' : '\n'}${text}`
      return { id: found.id, title: found.title, length: found.text.length }
    },
    connect: async (typed) => ({ id: find(typed).id, title: find(typed).title, url: 'ws://127.0.0.1:1', room: find(typed).id, protocols: ['atoll', 'secret'] }),
    export: async (typed, format) => ({ id: find(typed).id, title: find(typed).title, format, content: format === 'text' ? find(typed).text : btoa(find(typed).text) }),
  }
}
