/** Shared files among whole peers, on a network, clocks and disks in memory. */
import { describe, expect, test } from 'vitest'
import { readFile } from '../../crdt/docs/files.ts'
import type { FileId } from '../../crdt/wire/ids.ts'
import { limits } from '../../crdt/wire/limits.ts'
import type { BlobLink } from '../../node/peer/blobs/blob-link.ts'
import { graceMs } from '../../node/peer/blobs/collector.ts'
import type { FileSummary } from '../../node/ports/services.ts'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

class FileWorld extends PeopleWorld {
  async share(by: SimPeer, bytes: Uint8Array, to: readonly string[] = [], name = 'file.bin'): Promise<FileSummary> {
    by.files.content.set(`/${name}`, bytes)
    const file = await this.done(this.as(by).files.share({ path: `/${name}`, tags: [], to }, () => undefined, never))
    await this.time.advance(5_000)
    return file
  }

  get(who: SimPeer, id: string): Promise<unknown> {
    return this.done(this.as(who).files.get({ id, save_to: `/got/${id}`, overwrite: true, patience_ms: 30_000 }, () => undefined, never))
  }

  async names(who: SimPeer): Promise<string[]> {
    return (await this.done(this.as(who).files.list({}))).map(({ name }) => name)
  }
}

describe('files among peers', () => {
  test('B1 B2: equal content of one audience is one set of chunks; after a removal it has another key', async () => {
    using world = new FileWorld(1)
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
    const content = world.dice.bytes(700_000)
    await world.share(alice, content, [], 'one')
    const chunks = alice.blobs.usage().chunks
    await world.share(alice, content, [], 'two')
    expect(alice.blobs.usage().chunks).toBe(chunks)
    const named = await world.share(alice, content, ['bob'], 'for bob')
    // Under another key it is also cut elsewhere, so it is not the number of chunks that tells.
    expect(alice.blobs.usage().bytes).toBeGreaterThan(2 * content.length)
    expect(named.to).toEqual(['bob'])
    await world.done(world.as(alice).members.remove('carol'))
    await world.time.advance(10_000)
    const after = await world.share(alice, content, [], 'three')
    expect(alice.blobs.usage().bytes).toBeGreaterThan(3 * content.length)
    expect(await world.names(bob)).toEqual(['three', 'for bob', 'two', 'one'])
    expect(await world.names(carol)).toEqual(['two', 'one'])
    await world.get(bob, after.id)
    expect(bob.files.content.get(`/got/${after.id}`)).toEqual(content)
    // What she was given before she may have kept; nobody gives her more.
    const early = (await world.done(world.as(carol).files.list({})))[0]!.id
    expect(await codeOf(world.get(carol, early))).toBe('timed_out')
  })

  test('B1: a fetch moves with its peer to a better path, and only there', async () => {
    using world = new FileWorld(5)
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
    for (const holder of [alice, carol]) world.net.setLink(bob.device, holder.device, { path: 'relayed', latencyMs: 50 })
    const content = world.dice.bytes(5_000_000)
    const { id } = await world.share(alice, content)
    await world.get(carol, id)
    const opened: string[] = []
    const came = new Set<string>()
    let twice = 0
    const { blobs } = bob.peer!
    const open = blobs.open.bind(blobs)
    blobs.open = (mesh, remote, events, signal) => {
      opened.push(world.byDevice(remote)!.name)
      return open(mesh, remote, { ...events, onChunk: (chunk, bytes) => (came.has(chunk) ? twice++ : came.add(chunk), events.onChunk(chunk, bytes)) }, signal)
    }
    const getting = world.as(bob).files.get({ id, save_to: '/got/it', overwrite: true, patience_ms: 30_000 }, () => undefined, never)
    const fetching = (): number => bob.peer!.meshFor(undefined).files.fetching(id as FileId)?.done ?? 0
    await world.time.runUntil(() => fetching() > 1_000_000, 30_000)
    expect([opened.toSorted(), fetching() < content.length]).toEqual([['alice', 'carol'], true])
    world.net.setLink(bob.device, alice.device, { path: 'direct:tcp', latencyMs: 1 })
    await world.done(getting)
    expect(bob.files.content.get('/got/it')).toEqual(content)
    expect([opened.toSorted(), twice]).toEqual([['alice', 'alice', 'carol'], 0])
  })

  test('T4: what a removed member shared and deleted too late is void, and listed to it and to those who could restore it', async () => {
    using world = new FileWorld(6)
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
    const inTime = await world.share(bob, world.dice.bytes(1_000), [], 'in time')
    await world.done(bob.setOnline(false))
    await world.done(world.as(alice).members.remove('bob'))
    const late = await world.share(bob, world.dice.bytes(1_000), ['carol'], 'late')
    await world.done(world.as(bob).files.delete(inTime.id))
    expect(await world.names(bob)).toEqual(['late'])
    await world.done(bob.setOnline(true))
    await world.time.advance(30_000)
    for (const peer of [alice, bob, carol]) {
      expect(await world.names(peer)).toEqual(['in time'])
      const { total, entries } = await world.done(world.as(peer).audit.void(never))
      expect({ name: peer.name, total, by: entries.map(({ by, device }) => [by, device === bob.device]) }).toEqual({ name: peer.name, total: 2, by: [['bob', true], ['bob', true]] })
    }
    expect(await codeOf(world.get(carol, late.id))).toBe('file_unknown')
  })

  test.each(['before the handshake', 'before it answers'] as const)('T8: a peer that falls silent %s keeps no stream of whoever asked it for the status of a file', async (when) => {
    using world = new FileWorld(7)
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const { id } = await world.share(bob, world.dice.bytes(300_000))
    const links: BlobLink[] = []
    const { blobs } = alice.peer!
    const open = blobs.open.bind(blobs)
    let answers = false
    const silent = (): void => void (answers || world.net.stall(bob.device, alice.device))
    blobs.open = async (mesh, remote, events, signal) => {
      const link = await open(mesh, remote, events, signal)
      if (when === 'before it answers') silent()
      links.push(link)
      return link
    }
    // As often as would use up the streams that a peer may have.
    for (let i = 0; i <= limits.blobStreamsPerPeer; i++) {
      if (when === 'before the handshake') silent()
      const { peers } = await world.done(world.as(alice).files.status(id, never))
      expect(peers.map(({ name, chunks }) => [name, chunks])).toEqual([['bob', null]])
      world.net.mend(bob.device, alice.device)
      await world.time.advance(1_000)
    }
    answers = true
    expect((await world.done(world.as(alice).files.status(id, never))).peers.map(({ chunks }) => chunks)).toEqual([1])
    expect(links.map(({ isClosed }) => isClosed)).toEqual(Array.from({ length: limits.blobStreamsPerPeer + 2 }, () => true))
    await world.get(alice, id)
  })

  test('a status that its caller gives up keeps no stream either', async () => {
    using world = new FileWorld(8)
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const { id } = await world.share(bob, world.dice.bytes(300_000))
    const links: BlobLink[] = []
    const { blobs } = alice.peer!
    const open = blobs.open.bind(blobs)
    const stop = new AbortController()
    blobs.open = async (mesh, remote, events, signal) => {
      world.net.stall(bob.device, alice.device)
      links.push(await open(mesh, remote, events, signal))
      return links.at(-1)!
    }
    const asking = world.as(alice).files.status(id, stop.signal)
    await world.time.advance(1_000)
    stop.abort(new Error('enough'))
    expect((await world.done(asking, 10)).peers.map(({ chunks }) => chunks)).toEqual([null])
    world.net.mend(bob.device, alice.device)
    await world.time.advance(1_000)
    expect(links.map(({ isClosed }) => isClosed)).toEqual([true])
  })

  test('whoever asks for a file while the fetch of another is ending begins anew, and is not told why that one ended', async () => {
    using world = new FileWorld(9)
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const { id } = await world.share(alice, world.dice.bytes(1_000_000))
    world.net.setLink(alice.device, bob.device, { latencyMs: 50 })
    const { files, replica } = bob.peer!.meshFor(undefined)
    const row = readFile(replica.store, id as FileId)!
    const fetch = (signal: AbortSignal): Promise<unknown> => files.fetch(row, () => undefined, signal).then(() => 'here', String)
    const stop = new AbortController()
    const first = fetch(stop.signal)
    // In the very turn in which the first one hears that it has ended.
    const second = first.then(async (why) => [why, await fetch(never)])
    await world.time.advance(10)
    stop.abort(new Error('enough'))
    await world.time.advance(10)
    expect(files.fetching(id as FileId)).toBeDefined()
    expect(await world.done(second)).toEqual(['Error: enough', 'here'])
    // Two that ask at once share one, which goes on for whoever is left.
    const other = await world.share(alice, world.dice.bytes(1_000_000), [], 'other')
    const both = readFile(replica.store, other.id as FileId)!
    const leaves = new AbortController()
    const asked = [leaves.signal, never].map((signal) => files.fetch(both, () => undefined, signal).then(() => 'here', String))
    await world.time.advance(10)
    leaves.abort(new Error('left'))
    expect(await world.done(Promise.all(asked))).toEqual(['Error: left', 'here'])
    expect(files.fetching(other.id as FileId)).toBeUndefined()
  })

  test('B3: who lies is named in the status of the file', async () => {
    using world = new FileWorld(2)
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
    const content = world.dice.bytes(2_000_000)
    const { id } = await world.share(alice, content)
    await world.get(bob, id)
    bob.lies = true
    await world.get(carol, id)
    expect(carol.files.content.get(`/got/${id}`)).toEqual(content)
    const { peers, here_bytes } = await world.done(world.as(carol).files.status(id, never))
    expect(here_bytes).toBe(content.length)
    expect(peers.filter(({ lied }) => lied).map(({ name }) => name)).toEqual(['bob'])
    expect(carol.lines.some((line) => JSON.stringify(line).includes('blob_lie'))).toBe(true)
  })

  test('B7 B8: what was deleted or has expired is collected everywhere after a day, and what is kept is not', async () => {
    using world = new FileWorld(3)
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const kept = await world.share(alice, world.dice.bytes(300_000), [], 'kept')
    const keptBytes = alice.blobs.usage().bytes
    const gone = await world.share(alice, world.dice.bytes(300_000), [], 'gone')
    for (const { id } of [kept, gone]) await world.get(bob, id)
    expect(await codeOf(world.done(world.as(bob).files.delete(gone.id)))).toBe('not_your_file')
    await world.done(world.as(alice).files.delete(gone.id))
    await world.time.advance(5_000)
    expect(await world.names(bob)).toEqual(['kept'])
    expect(await codeOf(world.get(bob, gone.id))).toBe('file_unknown')
    expect(bob.blobs.usage().bytes).toBeGreaterThan(keptBytes)
    await world.time.advance(graceMs + 7 * 3_600_000)
    for (const peer of [alice, bob]) expect(peer.blobs.usage().bytes).toBe(keptBytes)
    expect(await world.done(world.as(bob).files.status(kept.id, never))).toMatchObject({ here_bytes: 300_000, kept: true })
  })

  test('D3 C5: projections made anew show the same files', async () => {
    using world = new FileWorld(4)
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    await world.share(alice, world.dice.bytes(1_000), ['bob'], 'sealed')
    const { id } = await world.share(bob, world.dice.bytes(1_000), [], 'deleted')
    await world.share(bob, world.dice.bytes(1_000), [], 'open')
    await world.done(world.as(bob).files.delete(id))
    await world.time.advance(5_000)
    const before = await world.done(world.as(alice).files.list({}))
    expect(before.map(({ name }) => name)).toEqual(['open', 'sealed'])
    await world.done(alice.peer!.meshFor(undefined).replica.rebuild())
    expect(await world.done(world.as(alice).files.list({}))).toEqual(before)
  })
})
