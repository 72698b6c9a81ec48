import { afterEach, expect, test } from 'vitest'
import { inviteKey } from '../../../crdt/members/link.ts'
import { introduce, inviteProofBytes, proveInvite, proveRoot } from '../../../crdt/members/proofs.ts'
import type { EntryId, InviteId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import { silentLog } from '../../ports/log.ts'
import { ReplicaWorld, type Actor } from '../../../test/doubles/replica-world.ts'
import type { Application } from './let-in.ts'
import { Refusal } from './refusal.ts'
import { JoinRequests } from './requests.ts'

const secret = new Uint8Array(16).fill(7)
const worlds: ReplicaWorld[] = []
afterEach(() => {
  for (const world of worlds.splice(0)) world.runtime[Symbol.dispose]()
})

/** Alice's node, invites of hers that ask for approval, and whoever comes by them. */
class Hall {
  readonly world: ReplicaWorld
  readonly alice: Actor
  readonly requests: JoinRequests
  #count = 0

  private constructor(world: ReplicaWorld, alice: Actor) {
    this.world = world
    this.alice = alice
    this.requests = new JoinRequests({ replica: alice.replica, runtime: alice.runtime, log: silentLog })
  }

  static async open(): Promise<Hall> {
    const world = new ReplicaWorld()
    worlds.push(world)
    return new Hall(world, await world.found())
  }

  async invite(uses = 10_000): Promise<EntryId> {
    const { replica } = this.alice
    const [opened] = await this.world.done(replica.operate(() => [{ type: 'invite', grant: replica.grant(), invite: inviteKey(secret).publicKey as InviteId, role: 'member', uses, expires: 0, approval: 'steward', history: 'all' }]))
    return opened as EntryId
  }

  applies(opened: EntryId, who = this.world.actor(`joiner ${this.#count++}`)): Application {
    const { identity, root, member } = who
    const transcript = new Uint8Array(32).fill(this.#count)
    const proof = proveInvite(this.world.mesh, inviteKey(secret), inviteProofBytes(member, identity.device, this.alice.identity.device, opened, transcript))
    return { member, rootProof: proveRoot(this.world.mesh, identity.device, root), introduction: introduce(identity.signing, identity.sealing, member), opened, transcript, proof }
  }

  hold(opened: EntryId, application = this.applies(opened)): ReturnType<JoinRequests['hold']> & { readonly application: Application } {
    return { ...this.requests.hold(application, 'dave'), application }
  }

  /** Whether a device is kept; its number, which takes long, is not asked for. */
  keeps({ introduction: { device } }: Application): boolean {
    return this.requests.list(new Set([device])).length > 0
  }
}

const refused = (code: string): unknown => expect.objectContaining({ code })

test('I2 T8: of one invite so many are kept, and one more takes the place of the longest gone, or has none', async () => {
  const hall = await Hall.open()
  const opened = await hall.invite()
  const held = Array.from({ length: limits.joinRequestsPerInvite }, () => hall.hold(opened))
  expect(hall.requests.count()).toBe(limits.joinRequestsPerInvite)
  expect(() => hall.hold(opened)).toThrow(refused('busy') as Error)
  held[1]![Symbol.dispose]()
  await hall.world.runtime.advance(1_000)
  held[0]![Symbol.dispose]()
  hall.hold(opened)
  expect([hall.requests.count(), hall.keeps(held[0]!.application), hall.keeps(held[1]!.application)]).toEqual([limits.joinRequestsPerInvite, true, false])
  const other = await hall.invite()
  expect(hall.keeps(hall.hold(other).application), 'another invite has its own').toBe(true)
})

test('I2 T8: of all invites together so many are kept', async () => {
  const hall = await Hall.open()
  for (let kept = 0; kept < limits.joinRequestsPerMesh; ) {
    const opened = await hall.invite()
    for (let i = 0; i < limits.joinRequestsPerInvite && kept < limits.joinRequestsPerMesh; i++, kept++) hall.hold(opened)
  }
  const other = await hall.invite()
  expect(() => hall.hold(other)).toThrow(refused('busy') as Error)
  expect(hall.requests.count()).toBe(limits.joinRequestsPerMesh)
})

test('I2: who has gone is forgotten after a day and not before, who is there is kept', async () => {
  const hall = await Hall.open()
  const opened = await hall.invite()
  hall.hold(opened)
  hall.hold(opened)[Symbol.dispose]()
  await hall.world.runtime.advance(limits.joinRequestLifeMs)
  expect(new Set(hall.requests.list().map(({ here }) => here))).toEqual(new Set([false, true]))
  await hall.world.runtime.advance(1)
  expect(hall.requests.list().map(({ here }) => here)).toEqual([true])
})

test('I2: the same device asks once, whatever it calls itself, and its newest connection counts', async () => {
  const hall = await Hall.open()
  const opened = await hall.invite()
  const heard: string[] = []
  hall.requests.watch((device) => heard.push(device))
  const dave = hall.world.actor('dave')
  const before = hall.requests.hold(hall.applies(opened, dave), 'dave')
  const [asked] = hall.requests.list()
  await hall.world.runtime.advance(5_000)
  const after = hall.requests.hold(hall.applies(opened, dave), 'david')
  await expect(before.decision).rejects.toEqual(refused('busy'))
  before[Symbol.dispose]()
  expect(hall.requests.list()).toEqual([{ ...asked, name: 'david', here: true }])
  expect(heard).toEqual([dave.identity.device])
  const admitted = await hall.world.done(hall.requests.approve(dave.identity.device))
  expect(await after.decision).toBe(admitted)
  expect(hall.alice.replica.membership.now().device(dave.identity.device)?.grant).toBe(admitted)
})

test('I1: two approvals at once admit once; one that comes after the invite has ended is refused with its reason', async () => {
  const hall = await Hall.open()
  const opened = await hall.invite(1)
  const [dave, erin] = [hall.world.actor('dave'), hall.world.actor('erin')]
  const held = hall.requests.hold(hall.applies(opened, dave), 'dave')
  const other = hall.requests.hold(hall.applies(opened, erin), 'erin')
  const { device } = dave.identity
  const both = await hall.world.done(Promise.allSettled([hall.requests.approve(device), hall.requests.approve(device), hall.requests.approve(erin.identity.device)]))
  expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  expect((both[2] as PromiseRejectedResult).reason).toBeInstanceOf(Refusal)
  expect(await held.decision).toBe((both[0] as PromiseFulfilledResult<EntryId>).value)
  await expect(other.decision).rejects.toEqual(refused('invite_used_up'))
  const admissions = hall.alice.replica.membership.history.entries.filter(({ op }) => op.type === 'admit')
  expect(admissions).toHaveLength(1)
})

test('I1 H1: a request is said by its number or the beginning of its id, and by nothing less', async () => {
  const hall = await Hall.open()
  const opened = await hall.invite()
  hall.hold(opened)
  hall.hold(opened)
  const [one] = hall.requests.list()
  for (const typed of [one!.number, one!.number.replaceAll(' ', ''), one!.device, one!.device.slice(0, 12)]) expect(hall.requests.find(typed).device).toBe(one!.device)
  for (const typed of ['', one!.device.slice(0, 5), one!.number.slice(0, 12), '0'.repeat(30), 'dave']) expect(() => hall.requests.find(typed)).toThrow(AtollError)
})
