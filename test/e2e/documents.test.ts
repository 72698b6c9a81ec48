/** Live documents as editors meet them: stock y-websocket providers at two real nodes. */
import { setMaxListeners } from 'node:events'
import { WebSocket as NodeWebSocket } from 'ws'
import * as Y from 'yjs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { edit } from './editor.ts'
import { World, type Person } from './world.ts'

const patience = { timeout: 20_000, interval: 20 }

describe('two editors on two nodes', () => {
  const world = new World()
  let alice: Person
  let bob: Person
  let id: string

  beforeAll(async () => {
    setMaxListeners(50)
    ;[alice, bob] = await Promise.all([world.node('alice'), world.node('bob')])
    await alice.does('create', 'reef', '--as', 'alice')
    await bob.does('join', (await alice.does('invite'))['link'] as string, '--name', 'bob')
    id = (await alice.does('doc', 'create', 'Notes', '--text', 'from the command line\n'))['id'] as string
    await alice.inSync(1)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  test('C1: see each other’s keys, and what the command line adds', async () => {
    await using a = await edit(alice, id)
    await using b = await edit(bob, id)
    await vi.waitFor(() => expect([a.text(), b.text()]).toEqual(['from the command line\n', 'from the command line\n']), patience)
    for (const [i, letter] of ['h', 'e', 'l', 'l', 'o'].entries()) a.doc.getText('content').insert(i, letter)
    for (const letter of ['w', 'o', 'r', 'l', 'd']) b.doc.getText('content').insert(b.doc.getText('content').length, letter)
    await vi.waitFor(() => expect([a.text(), b.text()]).toEqual(['hellofrom the command line\nworld', 'hellofrom the command line\nworld']), patience)
    await bob.does('doc', 'append', 'Notes', '- an item')
    await vi.waitFor(() => expect(a.text()).toBe('hellofrom the command line\nworld\n- an item'), patience)
    expect((await alice.does('doc', 'show', 'Notes'))['text']).toBe(a.text())
    const exported = new Y.Doc()
    Y.applyUpdate(exported, Buffer.from((await bob.does('doc', 'export', 'Notes', '--format', 'yjs'))['content'] as string, 'base64'))
    expect(exported.getText('content').toJSON()).toBe(a.text())
  })

  test('see each other’s cursors while they are there, and not when they have gone', async () => {
    await using a = await edit(alice, id)
    const names = (): unknown[] => [...a.provider.awareness.getStates().values()].map((state) => (state as { user?: unknown })['user']).filter((user) => user !== undefined)
    {
      await using b = await edit(bob, id)
      await vi.waitFor(() => expect(b.provider.wsconnected && a.provider.wsconnected).toBe(true), patience)
      b.provider.awareness.setLocalStateField('user', { name: 'Bob' })
      await vi.waitFor(() => expect(names()).toEqual([{ name: 'Bob' }]), patience)
    }
    await vi.waitFor(() => expect(names()).toEqual([]), patience)
  })

  test('C3: what is written while the nodes are apart merges when they meet', async () => {
    await using a = await edit(alice, id)
    await using b = await edit(bob, id)
    await vi.waitFor(() => expect(a.text() !== '' && a.text() === b.text()).toBe(true), patience)
    await bob.does('config', 'set', 'network', 'off')
    a.doc.getText('content').insert(0, 'left ')
    b.doc.getText('content').insert(b.doc.getText('content').length, ' right')
    await vi.waitFor(async () => expect((await bob.does('doc', 'show', 'Notes'))['text']).toMatch(/ right$/), patience)
    expect(b.text().startsWith('left ')).toBe(false)
    await bob.does('config', 'set', 'network', 'on')
    await vi.waitFor(() => expect([a.text() === b.text(), /^left .* right$/s.test(b.text())]).toEqual([true, true]), patience)
  })

  test('a guest reads along, and is let go when it writes', async () => {
    const gus = await world.node('gus')
    await gus.does('join', (await alice.does('invite', '--role', 'guest'))['link'] as string, '--name', 'gus')
    await vi.waitFor(async () => expect((await gus.does('doc', 'list'))['documents']).toHaveLength(1), patience)
    await using a = await edit(alice, id)
    await using guest = await edit(gus, id)
    await vi.waitFor(() => expect(guest.text() !== '' && guest.text() === a.text()).toBe(true), patience)
    const codes: (number | undefined)[] = []
    guest.provider.on('connection-close', (event) => void codes.push(event?.code))
    guest.doc.getText('content').insert(0, 'by a guest ')
    await vi.waitFor(() => expect(codes).toEqual([4403]), patience)
    expect((await gus.does('doc', 'show', 'Notes'))['text']).toBe(a.text())
    expect(a.text()).not.toContain('by a guest')
  })

  test('T8: without the token, from a page of the web, or for a document that is not there, nobody joins', async () => {
    const { url, protocols } = (await alice.does('doc', 'connect', id)) as { url: string; protocols: string[] }
    const ended = async (address: string, offered: string[], headers: Record<string, string> = {}): Promise<number | string> => {
      const { promise, resolve } = Promise.withResolvers<number | string>()
      const socket = new NodeWebSocket(address, offered, { headers })
      socket.once('close', (code) => resolve(code))
      socket.once('error', (error) => resolve(error.message))
      return promise
    }
    const there = `${url}/${id}`
    expect(await ended(there, ['atoll'])).toBe(4401)
    expect(await ended(there, ['atoll', 'x'.repeat(43)])).toBe(4401)
    expect(await ended(there, protocols, { origin: 'https://evil.example' })).toMatch(/403/)
    expect(await ended(there, protocols, { host: 'evil.example' })).toMatch(/421/)
    expect(await ended(`${url}/${'0'.repeat(32)}`, protocols)).toBe(4404)
    expect(await ended(`${url}/%E0%A4%A`, protocols)).toBe(4404)
    const { promise, resolve } = Promise.withResolvers<number>()
    const garbage = new NodeWebSocket(there, protocols)
    garbage.once('open', () => garbage.send(Uint8Array.of(0, 2, 200, 1)))
    garbage.once('close', (code) => resolve(code))
    expect(await promise).toBe(4400)
  })
})
