/** Verifying a store that somebody tampered with, through a connection of their own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import type { Entry } from '../../../crdt/log/entry.ts'
import { encodeOp, type MemberOp } from '../../../crdt/members/ops.ts'
import { fromHex, type DeviceId } from '../../../crdt/wire/ids.ts'
import { bytesOf, ReplicaWorld, type Actor } from '../../../test/doubles/replica-world.ts'
import { openSqliteStore } from '../../host/sqlite-store.ts'
import type { AuditReport } from '../../ports/services.ts'
import type { Batch } from '../../ports/store.ts'
import type { MemoryStore } from '../memory-store.ts'
import { Names } from '../mesh/names.ts'
import { verifyAudit } from './verify-audit.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

class TamperedWorld extends ReplicaWorld {
  readonly path = join(folders[folders.push(mkdtempSync(join(tmpdir(), 'atoll-tamper-'))) - 1] as string, 'mesh.db')

  /** Alice's mesh with Bob and Eve in it, as Bob keeps it in a file. */
  async start(): Promise<{ alice: Actor; bob: Actor; eve: Actor }> {
    const alice = await this.found()
    const bob = this.actor('bob', { store: openSqliteStore({ path: this.path }) as unknown as MemoryStore })
    await this.admit(alice, bob)
    await this.deliver(alice, bob)
    const eve = await this.join(alice, 'eve')
    for (const who of [alice, bob, eve]) await this.set(who, who.member, { name: who.name }, 'members')
    await this.exchange(alice, bob, eve)
    return { alice, bob, eve }
  }

  /** Lets somebody change the file while the node is down. */
  async tamper(bob: Actor, change: (file: DatabaseSync) => void): Promise<AuditReport> {
    await this.done(bob.replica.close())
    const file = new DatabaseSync(this.path)
    change(file)
    file.close()
    const store = openSqliteStore({ path: this.path }) as unknown as MemoryStore
    bob.replica = this.open({ ...bob, store })
    return this.verify(bob)
  }

  /** Puts into the store what no replica would have taken. */
  slip(bob: Actor, batch: Partial<Batch>): void {
    bob.replica.store.commit({ entries: [], puts: [], notes: [], evidence: [], ...batch })
  }

  verify({ replica }: Actor): Promise<AuditReport> {
    return this.done(verifyAudit({ replica, names: new Names(replica) }, this.runtime.timers, () => undefined, new AbortController().signal))
  }
}

const stored = ({ id, log, type, device, seq, bytes }: Entry): Batch['entries'][number] => ({ id, log, type, device, seq, bytes, vouched: true })

test('T2: what fits is found to fit', async () => {
  const world = new TamperedWorld()
  const { bob } = await world.start()
  const report = await world.tamper(bob, () => undefined)
  expect(report).toMatchObject({ ok: true, problems: [] })
  expect(report.entries).toBe(report.signatures)
})

test.each([['the body', 80, ['its signature does not verify', 'its bytes are not those that were taken']], ['the signature', 1, ['its signature does not verify', 'its bytes are not those that were taken']]])('T2: of a byte that was flipped in %s the entry and its signer are named first', async (_, fromEnd, first) => {
  const world = new TamperedWorld()
  const { alice, bob } = await world.start()
  const chain = world.chain(alice, 4)
  await world.done(bob.replica.receive(bytesOf(chain)))
  const target = chain[1] as Entry
  const { problems, ok } = await world.tamper(bob, (file) => {
    const bytes = target.bytes.slice()
    bytes[bytes.length - fromEnd]! ^= 1
    expect(file.prepare('UPDATE entry SET bytes = ? WHERE id = ?').run(bytes, fromHex(target.id)).changes).toBe(1)
  })
  expect(ok).toBe(false)
  expect(problems.slice(0, 2)).toMatchObject(first.map((problem) => ({ entry: target.id, seq: 2, device: alice.identity.device, by: 'alice', problem })))
  expect(problems[2]).toMatchObject({ seq: 3, problem: 'it does not name the entry before it' })
})

test('T2: an entry that was cut out of a log is missed', async () => {
  const world = new TamperedWorld()
  const { alice, bob } = await world.start()
  const chain = world.chain(alice, 4)
  await world.done(bob.replica.receive(bytesOf(chain)))
  const { problems } = await world.tamper(bob, (file) => void file.prepare('DELETE FROM entry WHERE id = ?').run(fromHex((chain[1] as Entry).id)))
  expect(problems[0]).toMatchObject({ entry: (chain[2] as Entry).id, by: 'alice', problem: 'its number does not follow' })
})

test('T3: content whose author was not admitted where it says, or wrote under an epoch that was over, is named', async () => {
  const world = new TamperedWorld()
  const { alice, bob, eve } = await world.start()
  const before = bob.replica.membership.now().epochs()[0]
  const pins = [...alice.replica.logs()].filter(({ type, device }) => type === 'content' && device === eve.identity.device).map(({ log, seq, id }) => ({ log, seq, id }))
  await world.done(alice.replica.operate(() => [{ type: 'remove', grant: alice.replica.grant(), member: eve.member, pins }], { rotate: true }))
  await world.exchange(alice, bob)
  const frontier = bob.replica.membership.frontier()
  const late = world.forge(eve, { frontier })
  const stale = world.forge(alice, { frontier, ...(before ? { epoch: before } : {}) })
  const elsewhere = world.forge(alice, { frontier: [late.id] })
  world.slip(bob, { entries: [late, stale, elsewhere].map(stored) })
  const { problems } = await world.tamper(bob, () => undefined)
  const of = (entry: Entry): unknown => problems.filter((one) => one.entry === entry.id).map(({ by, problem }) => [by, problem])
  expect(of(late)).toEqual([['eve', 'its device was not admitted at the frontier it names']])
  expect(of(stale)).toEqual([['alice', 'its epoch was not one to write under at the frontier it names']])
  expect(of(elsewhere)).toEqual([['alice', 'it names membership that is not here']])
})

test('T3: that an operation was refused is found again where the store was made to forget it', async () => {
  const world = new TamperedWorld()
  const { bob, eve } = await world.start()
  const op: MemberOp = { type: 'promote', grant: eve.replica.grant(), member: bob.member, role: 'owner', devices: [bob.identity.device as DeviceId] }
  const forged = world.forge(eve, { type: 'membership', op: encodeOp(op), sealed: undefined })
  await world.done(bob.replica.receive([forged.bytes]))
  expect(bob.replica.membership.now().member(bob.member)?.role).toBe('member')
  expect((await world.verify(bob)).problems).toMatchObject([{ by: 'eve', entry: forged.id, problem: 'has no effect: promotes beyond its role' }])
  world.slip(bob, { puts: [{ table: 'meta', key: `void\0${forged.id}`, value: undefined }] })
  const { problems } = await world.tamper(bob, () => undefined)
  expect(bob.replica.membership.now().member(bob.member)?.role, 'it believes its store').toBe('owner')
  expect(problems.map(({ by, problem }) => [by, problem])).toEqual([['eve', 'has no effect: promotes beyond its role'], ['eve', 'is held as if it had an effect']])
})
