import { afterEach, expect, test } from 'vitest'
import { encode } from '../../../crdt/wire/codec.ts'
import { kinds, setPayload, type Change } from '../../../crdt/docs/change.ts'
import { inviteKey } from '../../../crdt/members/link.ts'
import { introduce, inviteProofBytes, proveInvite, proveRoot } from '../../../crdt/members/proofs.ts'
import type { EntryId, InviteId, MemberId } from '../../../crdt/wire/ids.ts'
import { ReplicaWorld, type Actor } from '../../../test/doubles/replica-world.ts'
import { letIn } from '../join/let-in.ts'
import { Confirmations } from './confirmations.ts'

const worlds: ReplicaWorld[] = []
afterEach(() => {
  for (const world of worlds.splice(0)) world.runtime[Symbol.dispose]()
})

const secret = new Uint8Array(16).fill(7)

/** Somebody who came in by a link of the inviter's, and holds what the inviter holds. */
async function byLink(world: ReplicaWorld, by: Actor, name: string): Promise<{ who: Actor; admitted: EntryId }> {
  const who = world.actor(name)
  const { replica } = by
  const [opened] = (await world.done(replica.operate(() => [{ type: 'invite', grant: replica.grant(), invite: inviteKey(secret).publicKey as InviteId, role: 'member', uses: 1, expires: 0, approval: 'none', history: 'all' }]))) as [EntryId]
  const transcript = new Uint8Array(32)
  const { device } = who.identity
  const admitted = await world.done(letIn(replica, { member: who.member, rootProof: proveRoot(world.mesh, device, who.root), introduction: introduce(who.identity.signing, who.identity.sealing, who.member), opened, transcript, proof: proveInvite(world.mesh, inviteKey(secret), inviteProofBytes(who.member, device, by.identity.device, opened, transcript)) }, by.runtime))
  await world.deliver(by, who)
  return { who, admitted }
}

const says = (member: MemberId, by: MemberId, value: unknown): Change => ({ kind: kinds.set, doc: 'confirmations', deps: [], payload: encode(setPayload, { key: `${member}/${by}`, value: JSON.stringify(value) }) })

test('I3 T3: what is forged in another’s name, said by strangers, of another admission, or is nonsense, confirms nobody', async () => {
  const world = new ReplicaWorld()
  worlds.push(world)
  const alice = await world.found()
  const bob = await world.join(alice, 'bob')
  const { who: mallory, admitted } = await byLink(world, alice, 'mallory')
  await world.deliver(alice, bob)
  const confirmations = new Confirmations(alice.replica)
  const claim = { admissions: [admitted] }
  const forged: [Actor, unknown, MemberId][] = [
    [mallory, claim, alice.member],
    [mallory, claim, mallory.member],
    [bob, claim, bob.member],
    [bob, claim, alice.member],
    [alice, { admissions: [world.mesh] }, alice.member],
    [alice, { admissions: ['no id'] }, alice.member],
    [alice, { admissions: Array.from({ length: 17 }, () => admitted) }, alice.member],
    [alice, null, alice.member],
  ]
  for (const [author, value, by] of forged) {
    const intake = await world.done(alice.replica.receive([world.forge(author, { changes: [says(mallory.member, by, value)] }).bytes]))
    expect(intake.placed, 'it is kept').toBe(1)
    expect(confirmations.has(mallory.member)).toBe(false)
  }
  expect(confirmations.has(bob.member), 'an owner let Bob in without a link').toBe(true)
  await world.done(confirmations.say(mallory.member, true))
  expect(confirmations.has(mallory.member)).toBe(true)
  await world.done(alice.replica.rebuild())
  expect(confirmations.has(mallory.member)).toBe(true)
})
