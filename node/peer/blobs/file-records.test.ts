/** Records of files, and of their deletion, in the light of removals. */
import { describe, expect, test } from 'vitest'
import { boundRandomBytes } from '../../../crdt/crypto/bound-id.ts'
import { fileIds, readFile, readGone, type FilePayload } from '../../../crdt/docs/files.ts'
import type { BlobId, FileId } from '../../../crdt/wire/ids.ts'
import { ReplicaWorld, type Actor } from '../../../test/doubles/replica-world.ts'
import type { WriteSpec } from '../replica/author.ts'
import { voidEntries } from '../services/void-entries.ts'

const root = { id: '09'.repeat(32) as BlobId, hash: new Uint8Array(32), length: 1, depth: 0 }

/** Alice, who founded the mesh, and others who share files in it. */
class FileRecords extends ReplicaWorld {
  /** Shares a file of this name, with all or with some. */
  async share(by: Actor, name: string, to: readonly Actor[] = []): Promise<FileId> {
    const id = fileIds.make(by.member, by.runtime.random.bytes(boundRandomBytes))
    const file: FilePayload = { id, name, tags: [], root, key: by.runtime.random.bytes(32), expires: undefined }
    const audience: Extract<WriteSpec, { type: 'file' }>['audience'] = to.length === 0 ? 'all' : [by, ...to].map(({ identity }) => identity.device)
    await this.done(by.replica.write([{ type: 'file', file, audience }]))
    return id
  }

  async delete(by: Actor, file: FileId): Promise<void> {
    await this.done(by.replica.write([{ type: 'fileDelete', file }]))
  }

  /** Removes somebody; what is held here of their logs is pinned. */
  async remove(by: Actor, whom: Actor): Promise<void> {
    const pins = [...by.replica.logs()].filter(({ type, device }) => type === 'content' && device === whom.identity.device).map(({ log, seq, id }) => ({ log, seq, id }))
    await this.done(by.replica.operate(() => [{ type: 'remove', grant: by.replica.grant(), member: whom.member, pins }], { rotate: true }))
  }

  /** The places in their logs of what is listed as void. */
  async void(who: Actor): Promise<readonly number[]> {
    const { entries } = await this.done(voidEntries({ replica: who.replica, names: { device: () => '' } }, who.runtime.timers, new AbortController().signal))
    return entries.map(({ seq }) => seq)
  }

  /** What these files are called for somebody; undefined where there is none, or it was deleted. */
  names(who: Actor, ...files: readonly FileId[]): readonly (string | undefined)[] {
    return files.map((file) => readFile(who.store, file)?.file.name)
  }
}

async function three(): Promise<{ world: FileRecords; alice: Actor; bob: Actor; carol: Actor }> {
  const world = new FileRecords()
  const alice = await world.found()
  const bob = await world.join(alice, 'bob', 'admin')
  const carol = await world.join(alice, 'carol')
  await world.exchange(alice, bob, carol)
  return { world, alice, bob, carol }
}

describe('what a removed member shared and deleted', () => {
  test.each([['heard of the removal first', true], ['had folded it before', false]])('T4: stands within the pins and nowhere else, for whoever %s', async (_, removalFirst) => {
    const { world, alice, bob, carol } = await three()
    const [kept, keptForCarol, deleted] = [await world.share(bob, 'kept'), await world.share(bob, 'kept for carol', [carol]), await world.share(bob, 'deleted in time')]
    const hers = await world.share(alice, 'hers')
    await world.delete(bob, deleted)
    await world.exchange(alice, bob, carol)
    await world.remove(alice, bob)
    // He has not heard of it.
    const [late, lateForCarol] = [await world.share(bob, 'late'), await world.share(bob, 'late for carol', [carol])]
    for (const file of [kept, keptForCarol, hers]) await world.delete(bob, file)
    expect(world.names(bob, kept, keptForCarol, hers, late)).toEqual([undefined, undefined, undefined, 'late'])

    if (removalFirst) await world.deliver(alice, carol)
    await world.deliver(bob, carol)
    const asFolded = removalFirst ? ['kept', 'kept for carol', 'hers', undefined, undefined] : [undefined, undefined, undefined, 'late', 'late for carol']
    expect(world.names(carol, kept, keptForCarol, hers, late, lateForCarol)).toEqual(asFolded)
    await world.exchange(alice, carol)
    for (const who of [alice, carol]) {
      expect(world.names(who, kept, deleted, hers, late, lateForCarol)).toEqual(['kept', undefined, 'hers', undefined, undefined])
      expect([kept, keptForCarol, hers].map((file) => readGone(who.store, file))).toEqual([undefined, undefined, undefined])
      expect(readGone(who.store, deleted)?.member).toBe(bob.member)
    }
    expect(world.names(carol, keptForCarol)).toEqual(['kept for carol'])

    // He hears of it, and sees the same; nothing is forgotten that he wrote.
    await world.deliver(alice, bob)
    expect(world.names(bob, kept, keptForCarol, deleted, hers, late, lateForCarol)).toEqual(['kept', 'kept for carol', undefined, 'hers', undefined, undefined])
    for (const who of [alice, bob, carol]) {
      const before = world.names(who, kept, keptForCarol, deleted, hers, late, lateForCarol)
      await world.done(who.replica.rebuild())
      expect(world.names(who, kept, keptForCarol, deleted, hers, late, lateForCarol)).toEqual(before)
    }
  })

  test('T4: stands again once its member is admitted anew', async () => {
    const { world, alice, bob, carol } = await three()
    const hers = await world.share(alice, 'hers')
    await world.exchange(alice, bob, carol)
    await world.remove(alice, bob)
    const late = await world.share(bob, 'late')
    await world.delete(bob, hers)
    await world.exchange(alice, bob, carol)
    for (const who of [alice, bob, carol]) expect(world.names(who, late, hers)).toEqual([undefined, 'hers'])
    await world.admit(alice, bob)
    await world.exchange(alice, bob, carol)
    for (const who of [alice, bob, carol]) expect(world.names(who, late, hers)).toEqual(['late', undefined])
  })

  test('T4: is listed where it is void; what was written after coming back is bound by the second removal only', async () => {
    const { world, alice, bob, carol } = await three()
    const first = await world.share(bob, 'first')
    await world.exchange(alice, bob, carol)
    await world.remove(alice, bob)
    const late = await world.share(bob, 'late')
    await world.exchange(alice, bob, carol)
    expect(await world.void(alice)).toEqual([2])
    await world.admit(alice, bob)
    await world.exchange(alice, bob, carol)
    expect(await world.void(carol)).toEqual([])
    const back = await world.share(bob, 'back')
    await world.exchange(alice, bob, carol)
    await world.remove(alice, bob)
    const later = await world.share(bob, 'later')
    await world.exchange(alice, bob, carol)
    for (const who of [alice, bob, carol]) {
      expect(world.names(who, first, late, back, later)).toEqual(['first', undefined, 'back', undefined])
      expect(await world.void(who)).toEqual([2, 4])
    }
  })

  test('T4: a file that was opened to more people outside the pins is not open to them', async () => {
    const { world, alice, bob, carol } = await three()
    const named = await world.share(bob, 'for alice', [alice])
    await world.exchange(alice, bob, carol)
    const { file } = readFile(bob.store, named)!
    await world.remove(alice, bob)
    await world.done(bob.replica.write([{ type: 'file', file, audience: [bob, carol].map(({ identity }) => identity.device) }]))
    await world.deliver(bob, carol)
    expect(world.names(carol, named)).toEqual(['for alice'])
    await world.exchange(alice, carol)
    expect([...world.names(carol, named), ...world.names(alice, named)]).toEqual([undefined, 'for alice'])
  })
})
