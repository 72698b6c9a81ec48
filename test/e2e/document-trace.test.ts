/** A real editing history, typed by two stock providers at once, each at a node of its own. ATOLL_LONG=1 types all of it. */
import * as Y from 'yjs'
import { describe, expect, test, vi } from 'vitest'
import { applyPatches, readEditingTrace } from '../editing-trace.ts'
import { requires } from '../requires.ts'
import { edit, type Editor } from './editor.ts'
import { World } from './world.ts'

const edits = process.env['ATOLL_LONG'] === '1' ? Infinity : 20_000
/** Typed between two looks at the sockets, as a fast program does. */
const atOnce = 50

describe.skipIf(!requires('shared'))('an editing history', () => {
  test('C1: typed at two nodes at once comes to the same at both, letter by letter', { timeout: 600_000 }, async () => {
    const history = readEditingTrace()
    if (history === undefined) throw new Error('the editing trace is not in the shared folder')
    const txns = history.txns.slice(0, edits)
    const alone = new Y.Doc().getText()
    for (const { patches } of txns) applyPatches(alone, patches)
    expect(edits < history.txns.length || alone.toJSON() === history.endContent, 'the history leads to its end').toBe(true)

    await using world = new World()
    const [alice, bob] = await Promise.all([world.node('alice'), world.node('bob')])
    await alice.does('create', 'reef', '--as', 'alice')
    await bob.does('join', (await alice.does('invite'))['link'] as string, '--name', 'bob')
    const id = (await alice.does('doc', 'create', 'Paper'))['id'] as string
    await alice.inSync(1)
    await using a = await edit(alice, id)
    await using b = await edit(bob, id)
    await vi.waitFor(() => expect([a.provider.synced, b.provider.synced]).toEqual([true, true]), { timeout: 20_000 })
    const type = async ({ doc }: Editor, part: string): Promise<void> => {
      for (const [index, { patches }] of txns.entries()) {
        doc.transact(() => applyPatches(doc.getText(part), patches))
        if (index % atOnce === 0) await new Promise((turn) => setImmediate(turn))
      }
    }
    await Promise.all([type(a, 'by a'), type(b, 'by b')])
    const texts = ({ doc }: Editor): string[] => ['by a', 'by b'].map((part) => doc.getText(part).toJSON())
    await vi.waitFor(() => {
      for (const editor of [a, b]) expect(texts(editor).map(({ length }) => length)).toEqual([alone.length, alone.length])
    }, { timeout: 300_000, interval: 100 })
    for (const editor of [a, b]) for (const text of texts(editor)) expect(text === alone.toJSON(), 'the text is that of the history').toBe(true)
    await alice.inSync(1)
    expect((await bob.does('doc', 'show', id, '--part', 'by a'))['text'] === alone.toJSON()).toBe(true)
  })
})
