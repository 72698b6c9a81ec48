import { describe, expect, test } from 'vitest'
import { sign, signingPair, verify, type SigningPair } from '../crypto/sign.ts'
import { sealingPair, type SealingPair } from '../crypto/wrap.ts'
import type { DeviceId, EntryId, InviteId, LogId, MemberId, MeshId, SealingKey } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { domains } from '../wire/protocols.ts'
import type { MemberEntry } from './history.ts'
import { Membership } from './membership.ts'
import type { MemberOp, OpOf, Pin } from './ops.ts'
import { consentToLink, introduce, inviteProofBytes, proveInvite, proveRoot, proveRootLink, proveRootRemoval } from './proofs.ts'
import type { Role } from './roles.ts'

const mesh = 'f0'.repeat(32) as MeshId
const seedOf = (name: string): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => name.charCodeAt(i % name.length) + i)

/** A device: `alice` is Alice's first, `alice/phone` another. Keys follow from the name. */
interface Device {
  readonly name: string
  readonly id: DeviceId
  readonly signing: SigningPair
  readonly sealing: SealingPair
}

type Options = { knows?: readonly EntryId[] | undefined; grant?: EntryId | undefined; pins?: readonly Pin[] | undefined }

/** A mesh of people whose every operation says what its author knew. What they do is really signed. */
class Story {
  readonly entries: MemberEntry[] = []
  readonly membership = new Membership(mesh, verify)
  #made = 0

  constructor() {
    const { signing, sealing, id } = this.device('alice')
    const root = this.root('alice')
    const proof = sign(domains.rootProof, '0'.repeat(64), Uint8Array.from(id.match(/../g)!, (hex) => Number.parseInt(hex, 16)), root)
    this.put('alice', { type: 'found', member: this.member('alice'), rootProof: proof, introduction: introduce(signing, sealing, this.member('alice')), history: 'all', salt: new Uint8Array(32) }, [], mesh)
  }

  device(name: string): Device {
    const signing = signingPair(seedOf(`device ${name}`))
    return { name, id: signing.publicKey as DeviceId, signing, sealing: sealingPair(seedOf(`sealing ${name}`)) }
  }

  root = (name: string): SigningPair => signingPair(seedOf(`root ${name}`))
  member = (name: string): MemberId => this.root(name).publicKey as MemberId
  all = (): readonly EntryId[] => this.membership.frontier()
  status = (name: string): string | undefined => this.membership.now().member(this.member(name))?.status
  role = (name: string): Role | undefined => this.membership.now().device(this.device(name).id)?.role
  stands = (id: EntryId): boolean => this.membership.now().reading.stands(this.membership.history.at(id)!)
  refusal = (id: EntryId): string | undefined => this.membership.refusals.get(id)
  isIn = (device: string): boolean => this.membership.now().device(this.device(device).id) !== undefined

  put(by: string, op: MemberOp, knows: readonly EntryId[], id = (this.#made++).toString(16).padStart(64, '0') as EntryId): EntryId {
    const entry: MemberEntry = { id, log: logOf(by), seq: 1, device: this.device(by).id, parents: knows, op, ms: this.entries.length }
    this.entries.push(entry)
    this.membership.add(entry)
    return id
  }

  /** The best grant a device has at a frontier, or whatever it is told to name. */
  grant(by: string, { knows = this.all(), grant }: Options): { grant: EntryId } {
    return { grant: grant ?? this.membership.viewAt(knows)?.device(this.device(by).id)?.grant ?? mesh }
  }

  admit(by: string, who: string, role: Role, options: Options & { invite?: EntryId; as?: string } = {}): EntryId {
    const { knows = this.all(), invite: opened } = options
    const device = this.device(who)
    const member = this.member(options.as ?? who)
    const transcript = new Uint8Array(32)
    const invite = opened && { opened, transcript, proof: proveInvite(mesh, this.root(opened), inviteProofBytes(member, device.id, this.device(by).id, opened, transcript)) }
    return this.put(by, { type: 'admit', ...this.grant(by, options), member, role, rootProof: proveRoot(mesh, device.id, this.root(options.as ?? who)), introduction: introduce(device.signing, device.sealing, member), invite }, knows)
  }

  invite(by: string, role: Role, uses: number, options: Options & { approval?: 'steward' } = {}): EntryId {
    const id = `c${this.#made++}`.padEnd(64, '0') as EntryId
    return this.put(by, { type: 'invite', ...this.grant(by, options), invite: this.root(id).publicKey as InviteId, role, uses, expires: 0, approval: options.approval ?? 'none', history: 'none' }, options.knows ?? this.all(), id)
  }

  close(by: string, opened: EntryId, options: Options = {}): EntryId {
    return this.put(by, { type: 'close', ...this.grant(by, options), opened, reason: 'revoked' }, options.knows ?? this.all())
  }

  promote(by: string, who: string, role: Role, options: Options & { devices?: readonly string[] } = {}): EntryId {
    const devices = (options.devices ?? [who]).map((name) => this.device(name).id).sort()
    return this.put(by, { type: 'promote', ...this.grant(by, options), member: this.member(who), role, devices }, options.knows ?? this.all())
  }

  link(by: string, device: string, options: Options = {}): EntryId {
    const { signing, sealing } = this.device(device)
    return this.put(by, { type: 'link', ...this.grant(by, options), introduction: introduce(signing, sealing, this.member(by.split('/')[0]!)), consent: consentToLink(mesh, this.member(by.split('/')[0]!), this.device(by).id, signing), rootProof: undefined }, options.knows ?? this.all())
  }

  /** The root key brings a device in by itself. */
  linkByRoot(device: string, grant: EntryId, options: Options & { proof?: Uint8Array } = {}): EntryId {
    const { id, signing, sealing } = this.device(device)
    const person = device.split('/')[0]!
    const rootProof = options.proof ?? proveRootLink(mesh, id, grant, this.root(person))
    return this.put(device, { type: 'link', grant, introduction: introduce(signing, sealing, this.member(person)), consent: consentToLink(mesh, this.member(person), id, signing), rootProof }, options.knows ?? this.all())
  }

  remove(by: string, who: string, options: Options = {}): EntryId {
    return this.put(by, { type: 'remove', ...this.grant(by, options), member: this.member(who), pins: [...(options.pins ?? [])] }, options.knows ?? this.all())
  }

  removeDevice(by: string, device: string, options: Options & { root?: boolean; proof?: Uint8Array | undefined } = {}): EntryId {
    const parents = options.knows ?? this.all()
    const op = { ...this.grant(by, options), device: this.device(device).id, pins: [...(options.pins ?? [])] }
    const rootProof = options.proof ?? (options.root ? proveRootRemoval(mesh, { device: this.device(by).id, parents }, op, this.root(by.split('/')[0]!)) : undefined)
    return this.put(by, { type: 'removeDevice', ...op, rootProof }, parents)
  }

  leave(by: string, options: Options = {}): EntryId {
    return this.put(by, { type: 'leave', ...this.grant(by, options) }, options.knows ?? this.all())
  }

  rotate(by: string, options: Options = {}): EntryId {
    const knows = options.knows ?? this.all()
    const recipients = this.membership.viewAt(knows)!.readerDevices().map((device) => ({ device, key: new Uint8Array(72) }))
    return this.put(by, { type: 'rotate', ...this.grant(by, options), commitment: new Uint8Array(32), sealer: this.device(by).sealing.publicKey, recipients }, knows)
  }

  share(by: string, epoch: EntryId, to: readonly string[], options: Options = {}): EntryId {
    const recipients = to.map((name) => ({ device: this.device(name).id, key: new Uint8Array(72) }))
    return this.put(by, { type: 'share', ...this.grant(by, options), epoch, sealer: this.device(by).sealing.publicKey, recipients }, options.knows ?? this.all())
  }

  pins(device: string, log: string, frontier?: readonly EntryId[]): readonly (readonly number[])[] | undefined {
    return this.membership.pins(this.device(device).id, logOf(log), frontier)?.map((list) => list.map(({ seq }) => seq))
  }
}

/** A log's id from its name: what is signed has to be hex. */
const logOf = (name: string): LogId => Array.from(seedOf(name).slice(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('') as LogId
const pinAt = (log: string, seq: number): Pin => ({ log: logOf(log), seq, id: 'ee'.repeat(32) as EntryId })

describe('grants', () => {
  test('T3: none exceeds its giver\'s role, and an owner makes owners', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'owner')
    story.admit('bob', 'carol', 'admin')
    const tooHigh = story.admit('carol', 'dave', 'owner')
    expect(story.refusal(tooHigh)).toBe('admits beyond its role')
    expect(story.refusal(story.promote('carol', 'bob', 'owner'))).toBe('promotes beyond its role')
    expect(story.refusal(story.invite('carol', 'owner', 1))).toBe('invites beyond its role')
    story.admit('carol', 'dave', 'member')
    expect(story.refusal(story.admit('dave', 'eve', 'guest'))).toBe('its role admits by invite only')
    expect([story.role('bob'), story.role('carol'), story.role('dave')]).toEqual(['owner', 'admin', 'member'])
  })

  test('T3: a grant that others hold, or that came to nothing, is none of one\'s own', () => {
    const story = new Story()
    const bob = story.admit('alice', 'bob', 'admin')
    story.admit('alice', 'carol', 'member')
    expect(story.refusal(story.admit('carol', 'eve', 'admin', { grant: bob }))).toBe('its device may not use that grant')
    expect(story.refusal(story.admit('eve', 'eve', 'admin', { grant: bob }))).toBe('its device may not use that grant')
    const refused = story.promote('carol', 'bob', 'owner')
    expect(story.refusal(story.admit('bob', 'eve', 'owner', { grant: refused }))).toBe('names no grant in its past')
  })

  test('T3: nobody rises by those he let in', () => {
    const story = new Story()
    const bob = story.admit('alice', 'bob', 'admin')
    story.admit('bob', 'eve', 'admin')
    const loop = story.promote('eve', 'bob', 'admin')
    expect(story.refusal(story.promote('eve', 'bob', 'owner'))).toBe('promotes beyond its role')
    // Bob's second grant hangs on Eve: she can take that, but not the first, and falls with the first.
    story.remove('eve', 'bob')
    expect(story.status('bob')).toBe('active')
    story.remove('alice', 'bob', { knows: [bob] })
    expect([story.stands(loop), story.status('bob'), story.status('eve')]).toEqual([false, 'removed', undefined])
  })

  test('T3: an entry is judged by all that it names, and a name said twice is one name', () => {
    const story = new Story()
    const bob = story.admit('alice', 'bob', 'member')
    const one = story.invite('alice', 'guest', 1, { knows: [bob] })
    story.remove('alice', 'bob', { knows: [bob] })
    // Two heads are known, and two names given, but only one head named.
    const invite = story.invite('bob', 'guest', 1, { knows: [one, one], grant: bob })
    expect(story.refusal(invite)).toBeUndefined()
    expect(story.stands(invite)).toBe(false)
  })

  test('T3: nobody is made another\'s device: the device says as whom it joins', () => {
    const story = new Story()
    const before = story.admit('alice', 'eve', 'admin')
    story.admit('alice', 'bob', 'member')
    const { id, signing, sealing } = story.device('bob')
    const member = story.member('mallory')
    const claim = (introduction: OpOf<'admit'>['introduction']): MemberOp => ({ type: 'admit', grant: before, member, role: 'admin', rootProof: proveRoot(mesh, id, story.root('mallory')), introduction, invite: undefined })
    expect(story.refusal(story.put('eve', claim(introduce(signing, sealing, story.member('bob'))), [before]))).toBe('the device did not join as that member')
    expect(story.membership.memberOf(id)).toBe(story.member('bob'))
  })
})

describe('removals', () => {
  test('T5: equals cannot remove each other, whoever came first', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'admin')
    story.admit('alice', 'carol', 'admin')
    expect(story.refusal(story.remove('bob', 'carol'))).toBe('removes nobody it outranks')
    expect(story.refusal(story.remove('carol', 'bob'))).toBe('removes nobody it outranks')
    expect(story.refusal(story.remove('bob', 'alice'))).toBe('removes nobody it outranks')
    expect([story.role('alice'), story.role('bob'), story.role('carol')]).toEqual(['owner', 'admin', 'admin'])
  })

  test('T4: an equal is removed by whom his grant came through', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'admin')
    story.admit('bob', 'carol', 'admin')
    story.admit('carol', 'dave', 'admin')
    expect(story.refusal(story.remove('bob', 'dave'))).toBeUndefined()
    expect([story.status('carol'), story.status('dave')]).toEqual(['active', 'removed'])
  })

  test('T4: whom a removed admin let in stays if the remover knew it, and falls if not', () => {
    const story = new Story()
    const bob = story.admit('alice', 'bob', 'admin')
    const carol = story.admit('bob', 'carol', 'member')
    const dave = story.admit('bob', 'dave', 'admin', { knows: [carol] })
    story.admit('dave', 'eve', 'member', { knows: [dave] })
    story.remove('alice', 'bob', { knows: [carol] })
    expect([story.status('bob'), story.status('carol')]).toEqual(['removed', 'active'])
    // Dave was let in unknown to Alice, and so Eve too, though no one removed either.
    expect([story.status('dave'), story.status('eve')]).toEqual([undefined, undefined])
    expect(story.refusal(story.invite('bob', 'member', 1, { grant: bob }))).toBe('its grant is gone')
  })

  test('T4: of two who remove each other unaware, the higher role stays', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'admin')
    const known = [story.admit('alice', 'carol', 'member')]
    const upwards = story.remove('carol', 'bob', { knows: known })
    const downwards = story.remove('bob', 'carol', { knows: known })
    expect(story.refusal(upwards)).toBe('removes nobody it outranks')
    expect([story.stands(downwards), story.status('carol')]).toEqual([true, 'removed'])
  })

  test('T4: a removal by someone who is removed unaware does not hold', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'admin')
    const known = [story.admit('alice', 'carol', 'member')]
    const late = story.remove('bob', 'carol', { knows: known })
    story.remove('alice', 'bob', { knows: known })
    expect([story.stands(late), story.status('carol')]).toEqual([false, 'active'])
  })

  test('T4: a promotion unaware of a removal is taken with the rest; one made in knowledge of it is not', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'admin')
    story.admit('alice', 'carol', 'owner')
    const known = [story.admit('bob', 'dave', 'member')]
    story.promote('bob', 'dave', 'admin', { knows: known })
    story.remove('carol', 'dave', { knows: known })
    expect(story.status('dave')).toBe('removed')
    story.promote('bob', 'dave', 'guest')
    expect([story.status('dave'), story.role('dave')]).toEqual(['active', 'guest'])
  })

  test('T4: a removal does not reach a promotion above the remover', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'admin')
    const known = [story.admit('bob', 'dave', 'member')]
    story.promote('alice', 'dave', 'owner', { knows: known })
    story.remove('bob', 'dave', { knows: known })
    expect([story.status('dave'), story.role('dave')]).toEqual(['active', 'owner'])
  })

  test('T4: who was removed can be admitted anew, with the same device', () => {
    const story = new Story()
    const first = story.admit('alice', 'bob', 'member')
    const removal = story.remove('alice', 'bob')
    const again = story.admit('alice', 'bob', 'member', { knows: [removal] })
    expect([story.status('bob'), story.membership.now().device(story.device('bob').id)?.grant]).toEqual(['active', again])
    // The old grant stays gone: a removal that does not know the new one does not take it, nor does the old revive.
    story.remove('alice', 'bob', { knows: [first] })
    expect(story.status('bob')).toBe('removed')
  })

  test('T5: leaving binds only what follows, and a senior confirms it by removal', () => {
    const story = new Story()
    const bob = story.admit('alice', 'bob', 'admin')
    const carol = story.admit('bob', 'carol', 'member', { knows: [bob] })
    story.leave('bob', { knows: [bob] })
    expect([story.status('bob'), story.status('carol'), story.stands(carol)]).toEqual(['left', 'active', true])
    expect(story.refusal(story.invite('bob', 'member', 1, { grant: bob }))).toBe('its grant is gone')
    story.remove('alice', 'bob')
    expect([story.status('bob'), story.status('carol')]).toEqual(['removed', 'active'])
  })

  test('T4: who was removed cannot leave first in hindsight', () => {
    const story = new Story()
    const bob = story.admit('alice', 'bob', 'member')
    story.remove('alice', 'bob', { knows: [bob] })
    const leave = story.leave('bob', { knows: [bob] })
    expect([story.stands(leave), story.status('bob')]).toEqual([false, 'removed'])
  })
})

describe('invites', () => {
  test('T3: any member of the invited role admits by an invite, and both grants carry the admission', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'admin')
    const carolIn = story.admit('alice', 'carol', 'member')
    const invite = story.invite('bob', 'member', 2)
    const known = [invite]
    story.admit('carol', 'dave', 'member', { invite, knows: known })
    expect([story.status('dave'), story.membership.now().member(story.member('dave'))?.admittedBy]).toEqual(['active', story.member('bob')])
    // Alice removes the admitter without knowing of the admission.
    story.remove('alice', 'carol', { knows: [carolIn] })
    expect(story.status('dave')).toBeUndefined()
  })

  test('T3: one use spent in two partitions stands, and is seen', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'member')
    const invite = story.invite('alice', 'member', 1)
    const known = [invite]
    story.admit('alice', 'carol', 'member', { invite, knows: known })
    story.admit('bob', 'dave', 'member', { invite, knows: known })
    expect([story.status('carol'), story.status('dave')]).toEqual(['active', 'active'])
    expect(story.membership.now().overused()).toEqual([{ opened: invite, uses: 1, admitted: [story.member('carol'), story.member('dave')].sort() }])
    expect(story.refusal(story.admit('bob', 'eve', 'member', { invite }))).toBe('its invite was used up')
    story.remove('alice', 'dave')
    expect(story.status('dave')).toBe('removed')
  })

  test('I1 T3: where an invite asks for approval, what no admin or owner admitted is void, even by who made the invite', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'admin')
    story.admit('alice', 'carol', 'member')
    const invite = story.invite('carol', 'member', 5, { approval: 'steward' })
    expect(story.refusal(story.admit('carol', 'dave', 'member', { invite }))).toBe('its invite asks for a steward')
    expect(story.isIn('dave')).toBe(false)
    expect(story.refusal(story.admit('bob', 'dave', 'member', { invite }))).toBeUndefined()
    expect(story.refusal(story.admit('alice', 'eve', 'member', { invite }))).toBeUndefined()
    expect([story.isIn('dave'), story.isIn('eve')]).toEqual([true, true])
  })

  test('T3: whom two let in by one invite without knowing of each other is counted once', () => {
    const story = new Story()
    const bob = story.admit('alice', 'bob', 'admin')
    const invite = story.invite('alice', 'member', 1, { approval: 'steward' })
    for (const by of ['alice', 'bob']) story.admit(by, 'carol', 'member', { invite, knows: [bob, invite] })
    expect([story.isIn('carol'), story.membership.now().overused()]).toEqual([true, []])
  })

  test('T4: an admission outside the past of the invite\'s close is void', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'admin')
    const invite = story.invite('alice', 'member', 5)
    const carol = story.admit('bob', 'carol', 'member', { invite })
    story.close('alice', invite, { knows: [carol] })
    const late = story.admit('bob', 'dave', 'member', { invite, knows: [carol] })
    story.admit('dave', 'dave', 'member', { knows: [late] })
    expect([story.refusal(late), story.stands(late)]).toEqual([undefined, false])
    expect([story.status('carol'), story.status('dave')]).toEqual(['active', undefined])
    expect(story.refusal(story.admit('bob', 'eve', 'member', { invite }))).toBe('its invite was closed')
  })

  test('T4: a close by someone removed unaware voids nothing', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'admin')
    story.admit('alice', 'carol', 'admin')
    const invite = story.invite('bob', 'member', 5)
    const known = [invite]
    story.close('bob', invite, { knows: known })
    const dave = story.admit('carol', 'dave', 'member', { invite, knows: known })
    story.remove('alice', 'bob', { knows: [dave] })
    expect([story.status('bob'), story.status('dave')]).toEqual(['removed', 'active'])
  })

  test('T3: an invite key\'s word is for one joiner, one admitter and one mesh', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'admin')
    const invite = story.invite('alice', 'member', 1)
    const admission = story.admit('alice', 'carol', 'member', { invite, knows: [invite] })
    const { op } = story.entries.find(({ id }) => id === admission)!
    const stolen = (op as OpOf<'admit'>).invite!
    const dave = story.device('dave')
    const forged: MemberOp = { type: 'admit', ...story.grant('bob', { knows: [invite] }), member: story.member('dave'), role: 'member', rootProof: proveRoot(mesh, dave.id, story.root('dave')), introduction: introduce(dave.signing, dave.sealing, story.member('dave')), invite: stolen }
    expect(story.refusal(story.put('bob', forged, [invite]))).toBe('the invite key did not sign')
  })
})

describe('devices', () => {
  /** Alice's laptop (`alice`) linked her phone, and the phone her tablet. */
  function household(): Story & { known: EntryId[] } {
    const story = new Story()
    story.link('alice', 'alice/phone')
    return Object.assign(story, { known: [story.link('alice/phone', 'alice/tablet')] })
  }

  test('T5: a device is removed by the one that linked it, directly or through others, and not by those below', () => {
    const story = household()
    expect(story.refusal(story.removeDevice('alice/tablet', 'alice/phone'))).toBe('removes a device it did not link')
    expect(story.refusal(story.removeDevice('alice/phone', 'alice'))).toBe('removes a device it did not link')
    story.removeDevice('alice', 'alice/tablet')
    expect([story.isIn('alice'), story.isIn('alice/phone'), story.isIn('alice/tablet')]).toEqual([true, true, false])
    expect(story.refusal(story.link('alice', 'alice/tablet'))).toBe('links a device that was removed')
  })

  test('T5: nobody removes another member\'s device', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'guest')
    expect(story.refusal(story.removeDevice('alice', 'bob'))).toBe('removes a device it did not link')
    expect(story.refusal(story.removeDevice('alice', 'bob', { root: true }))).toBe('removes no device below its own')
  })

  test('T5: the root key removes any device of its member, whatever that device says of the one that carries the word', () => {
    const story = household()
    // The laptop was stolen. The thief has it remove the phone; Alice, at her phone, takes her root key from the drawer.
    const thief = story.removeDevice('alice', 'alice/phone', { knows: story.known })
    const word = story.removeDevice('alice/phone', 'alice', { knows: story.known, root: true })
    expect([story.stands(thief), story.stands(word)]).toEqual([false, true])
    expect([story.isIn('alice'), story.isIn('alice/phone'), story.isIn('alice/tablet')]).toEqual([false, true, true])
  })

  test('T5: two devices that carry the root key\'s word against each other are both out', () => {
    const story = household()
    story.removeDevice('alice', 'alice/phone', { knows: story.known, root: true })
    story.removeDevice('alice/phone', 'alice', { knows: story.known, root: true })
    expect([story.isIn('alice'), story.isIn('alice/phone'), story.isIn('alice/tablet')]).toEqual([false, false, true])
  })

  test('T5: what the root key links, no device takes', () => {
    const story = new Story()
    const member = story.admit('alice', 'bob', 'member')
    story.promote('alice', 'bob', 'admin')
    const known = [story.link('bob', 'bob/phone')]
    story.removeDevice('bob', 'bob/phone', { knows: known })
    // Unaware of that, Bob brings the phone in again with his root key, under the lower grant.
    const link = story.linkByRoot('bob/phone', member, { knows: known })
    expect([story.stands(link), story.role('bob/phone')]).toEqual([true, 'member'])
  })

  test('T4: a stolen device that dates itself back has no effect', () => {
    const story = household()
    const bob = story.admit('alice', 'bob', 'member', { knows: story.known })
    story.removeDevice('alice', 'alice/phone', { knows: [bob] })
    const attempts = [
      story.removeDevice('alice/phone', 'alice/tablet', { knows: story.known }),
      story.link('alice/phone', 'alice/watch', { knows: story.known }),
      story.admit('alice/phone', 'eve', 'owner', { knows: story.known }),
      story.invite('alice/phone', 'owner', 9, { knows: story.known }),
      story.remove('alice/phone', 'bob', { knows: [bob] }),
      story.leave('alice/phone', { knows: [bob] }),
    ]
    expect(attempts.map(story.refusal)).toEqual(attempts.map(() => undefined))
    expect(attempts.map(story.stands)).toEqual(attempts.map(() => false))
    // What it linked before, known to the remover, stays.
    expect([story.isIn('alice/tablet'), story.isIn('alice/watch'), story.isIn('eve'), story.status('bob')]).toEqual([true, false, false, 'active'])
  })

  test('T4: stolen devices do not vouch for each other in hindsight', () => {
    const story = household()
    const bob = story.admit('alice', 'bob', 'admin', { knows: story.known })
    // A second grant that names the tablet alone, so that links can cross.
    const second = story.promote('bob', 'alice', 'admin', { knows: [bob], devices: ['alice/tablet'] })
    const taken = story.removeDevice('alice', 'alice/phone', { knows: [second] })
    story.removeDevice('alice', 'alice/tablet', { knows: [taken] })
    // The thief has phone and tablet, and lets the tablet "have linked" the phone, under the grant it had then.
    const crossed = story.link('alice/tablet', 'alice/phone', { knows: [second], grant: second })
    expect([story.refusal(crossed), story.stands(crossed)]).toEqual([undefined, false])
    expect([story.isIn('alice/phone'), story.isIn('alice/tablet')]).toEqual([false, false])
  })

  test('T4: removals among devices hold from the root key outwards', () => {
    const story = household()
    story.removeDevice('alice', 'alice/phone', { knows: story.known })
    const below = story.removeDevice('alice/phone', 'alice/tablet', { knows: story.known })
    expect([story.stands(below), story.isIn('alice/tablet')]).toEqual([false, true])
  })

  test('T4: a promotion leaves devices in the order in which they came', () => {
    const story = household()
    story.admit('alice', 'bob', 'owner')
    const known = [story.promote('bob', 'alice', 'owner', { devices: ['alice', 'alice/phone', 'alice/tablet'] })]
    const second = known[0]
    expect(story.refusal(story.removeDevice('alice/tablet', 'alice/phone', { knows: known, grant: second }))).toBe('removes a device it did not link')
    const above = story.removeDevice('alice', 'alice/phone', { knows: known, grant: second })
    const below = story.removeDevice('alice/phone', 'alice/tablet', { knows: known, grant: second })
    expect([story.stands(above), story.stands(below)]).toEqual([true, false])
  })

  test('T4: a device that its member took back stays out of grants to come, but one that kept a grant does not', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'member')
    story.link('bob', 'bob/phone')
    const admin = story.promote('alice', 'bob', 'admin', { devices: ['bob/phone'] })
    // Under the lower grant: the phone keeps the higher one, which the laptop has no part in.
    story.removeDevice('bob', 'bob/phone')
    expect(story.role('bob/phone')).toBe('admin')
    const service = story.promote('alice', 'bob', 'service', { devices: ['bob', 'bob/phone'] })
    expect(story.refusal(service)).toBeUndefined()
    // Given in knowledge of the removal, so not taken by it.
    expect(story.membership.now().devicesOf(story.membership.history.grants.get(story.membership.history.at(service)!)!)).toHaveLength(2)
    story.removeDevice('bob/phone', 'bob/phone', { root: true, grant: admin })
    expect(story.isIn('bob/phone')).toBe(false)
    expect(story.refusal(story.promote('alice', 'bob', 'service', { devices: ['bob/phone'] }))).toBe('names a device that is not the member\'s')
    expect(story.refusal(story.admit('alice', 'bob/phone', 'guest', { as: 'bob' }))).toBe('introduces a device that its member removed')
  })

  test('T3: the proof that let a device in does not link it to later grants', () => {
    const story = new Story()
    const first = story.admit('alice', 'bob', 'member')
    const { rootProof } = story.entries.find(({ id }) => id === first)!.op as OpOf<'admit'>
    story.remove('alice', 'bob')
    // Bob's laptop was stolen, so he comes back with his phone alone.
    const again = story.admit('alice', 'bob/phone', 'admin', { as: 'bob' })
    expect(story.refusal(story.linkByRoot('bob', again, { proof: rootProof }))).toBe('the root key did not sign the device')
    expect([story.isIn('bob'), story.isIn('bob/phone')]).toEqual([false, true])
    expect(story.refusal(story.linkByRoot('bob/tablet', again))).toBeUndefined()
    expect(story.isIn('bob/tablet')).toBe(true)
  })

  test('T5: the root key\'s word against a device cannot be said again at another place', () => {
    const story = household()
    const word = story.removeDevice('alice', 'alice/tablet', { root: true, pins: [pinAt('alice/tablet', 7)] })
    const { rootProof } = story.entries.find(({ id }) => id === word)!.op as OpOf<'removeDevice'>
    // The phone, stolen later, would void what the tablet did up to then.
    const again = story.removeDevice('alice/phone', 'alice/tablet', { knows: story.known, proof: rootProof })
    expect(story.refusal(again)).toBe('the root key did not sign')
  })

  test('T8: a member links no more devices than a grant may have', () => {
    const story = new Story()
    for (let i = 1; i < limits.devicesPerGrant; i++) expect(story.refusal(story.link('alice', `alice/${i}`))).toBeUndefined()
    expect(story.refusal(story.link('alice', 'alice/one-more'))).toBe('links more devices than a grant may have')
    story.removeDevice('alice', 'alice/1')
    expect(story.refusal(story.link('alice', 'alice/one-more'))).toBeUndefined()
  })
})

describe('epochs', () => {
  test('T6: after a removal nobody writes on under what the removed can read', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'member')
    story.admit('alice', 'carol', 'member')
    const before = story.rotate('alice')
    expect(story.membership.now().epochs()).toEqual([before])
    const removal = story.remove('alice', 'carol')
    expect(story.membership.now().epochs()).toEqual([])
    expect(story.membership.contentRefusal(story.device('bob').id, [removal], before)).toBe('its epoch was not one to write under at the frontier it names')
    const after = story.rotate('bob')
    expect(story.membership.now().epochs()).toEqual([after])
    expect(story.membership.contentRefusal(story.device('bob').id, [after], after)).toBeUndefined()
    // Seen from before the removal, the old epoch was the one.
    expect(story.membership.contentRefusal(story.device('bob').id, [before], before)).toBeUndefined()
    expect(story.membership.contentRefusal(story.device('carol').id, [after], after)).toBe('its device was not admitted at the frontier it names')
  })

  test('T6: a rotation lists exactly those admitted in its past', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'member')
    story.admit('alice', 'mike', 'mirror')
    const knows = story.all()
    const device = (name: string): { device: DeviceId; key: Uint8Array } => ({ device: story.device(name).id, key: new Uint8Array(72) })
    const rotation = (names: string[]): EntryId => story.put('alice', { type: 'rotate', grant: mesh, commitment: new Uint8Array(32), sealer: story.device('alice').sealing.publicKey, recipients: names.map(device).sort((a, b) => (a.device < b.device ? -1 : 1)) }, knows)
    expect(story.refusal(rotation(['alice']))).toBe('lists other devices than those admitted')
    expect(story.refusal(rotation(['alice', 'bob', 'mike']))).toBe('lists other devices than those admitted')
    expect(story.refusal(rotation(['alice', 'bob']))).toBeUndefined()
    expect(story.refusal(story.share('alice', rotation(['alice', 'bob']), ['mike']))).toBe('shares with a device that is not admitted')
  })

  test('T6: rotations that do not know of both removals serve neither', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'admin')
    story.admit('alice', 'carol', 'member')
    const known = [story.admit('alice', 'dave', 'member')]
    story.rotate('alice', { knows: [story.remove('alice', 'carol', { knows: known })] })
    story.rotate('bob', { knows: [story.remove('bob', 'dave', { knows: known })] })
    expect(story.membership.now().epochs()).toEqual([])
    const both = story.rotate('alice')
    const again = story.rotate('bob', { knows: [both] })
    expect(story.membership.now().epochs()).toEqual([again, both])
  })

  test('T6: an epoch handed to somebody whose admission came to nothing is not written under', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'member')
    const invite = story.invite('alice', 'member', 9)
    const epoch = story.rotate('alice')
    const known = [epoch]
    const eve = story.admit('bob', 'eve', 'member', { invite, knows: known })
    story.share('bob', epoch, ['eve'], { knows: [eve] })
    expect(story.membership.now().epochs()).toEqual([epoch])
    story.close('alice', invite, { knows: known })
    // Eve is out and no removal says so; but she has the key.
    expect([story.status('eve'), story.membership.now().epochs()]).toEqual([undefined, []])
  })
})

describe('pins', () => {
  test('T4: what a removed author wrote stands up to the lowest pin, and in no log that is not named', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'admin')
    const known = [story.admit('alice', 'carol', 'member')]
    expect(story.pins('carol', 'a')).toBeUndefined()
    story.remove('alice', 'carol', { knows: known, pins: [pinAt('a', 9), pinAt('b', 4)] })
    expect(story.pins('carol', 'a')).toEqual([[9]])
    expect(story.pins('carol', 'hidden')).toEqual([[]])
    story.remove('bob', 'carol', { knows: known, pins: [pinAt('a', 6)] })
    expect(story.pins('carol', 'a')).toEqual([[9], [6]])
    expect(story.pins('carol', 'b')).toEqual([[4], []])
  })

  test('T4: every branch of a fork is pinned by itself', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'member')
    story.remove('alice', 'bob', { pins: [pinAt('a', 9), pinAt('a', 5)] })
    expect(story.pins('bob', 'a')).toEqual([[9, 5]])
  })

  test('T4: who left keeps what he wrote', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'member')
    story.leave('bob')
    expect(story.pins('bob', 'a')).toEqual([])
  })

  test('T4: removing a device pins that device, not the member', () => {
    const story = new Story()
    story.link('alice', 'alice/phone')
    story.removeDevice('alice', 'alice/phone', { pins: [pinAt('a', 3)] })
    expect([story.pins('alice/phone', 'a'), story.pins('alice', 'a')]).toEqual([[[3]], undefined])
  })

  test('T4: whose admission was void wrote nothing that stands, unless its fall pinned it', () => {
    const story = new Story()
    const bob = story.admit('alice', 'bob', 'admin')
    const carol = story.admit('bob', 'carol', 'admin', { knows: [bob] })
    const dave = story.admit('carol', 'dave', 'member', { knows: [carol] })
    story.linkByRoot('dave/phone', dave, { knows: [dave] })
    story.remove('alice', 'bob', { knows: [bob], pins: [pinAt('dave', 2)] })
    expect([story.status('dave'), story.pins('dave', 'dave'), story.pins('dave', 'other')]).toEqual([undefined, [[2]], [[]]])
    expect(story.pins('dave/phone', 'phone')).toEqual([[]])
  })

  test('T4: a promotion that was void does not let its member write, nor cost it what it wrote before', () => {
    const story = new Story()
    const bob = story.admit('alice', 'bob', 'admin')
    const carol = story.admit('alice', 'carol', 'member')
    const guest = story.admit('alice', 'dave', 'guest')
    const promoted = story.promote('bob', 'carol', 'admin', { knows: [guest] })
    story.promote('bob', 'dave', 'member', { knows: [promoted] })
    const removal = story.remove('alice', 'bob', { knows: [guest] })
    // Dave reads on as a guest: what he wrote as a member counts for nothing. What he writes now, knowing it, does.
    expect([story.role('dave'), story.pins('dave', 'dave'), story.pins('dave', 'dave', [removal])]).toEqual(['guest', [[]], []])
    // Carol is still a writer; and when she is removed, only her own removal binds her.
    expect(story.pins('carol', 'carol')).toBeUndefined()
    story.remove('alice', 'carol', { pins: [pinAt('carol', 50)] })
    expect(story.pins('carol', 'carol')).toEqual([[50]])
    expect([story.status('bob'), bob === carol]).toEqual(['removed', false])
  })

  test('T4: what was written after coming back is bound by the second removal only', () => {
    const story = new Story()
    story.admit('alice', 'bob', 'member')
    story.remove('alice', 'bob', { pins: [pinAt('a', 5)] })
    const back = story.admit('alice', 'bob', 'member')
    expect(story.pins('bob', 'a')).toBeUndefined()
    story.remove('alice', 'bob', { pins: [pinAt('a', 40)] })
    expect(story.pins('bob', 'a')).toEqual([[5], [40]])
    expect(story.pins('bob', 'a', [back])).toEqual([[40]])
  })

  test('T4: crossed links, all fallen, are looked through once', () => {
    const story = new Story()
    const bob = story.admit('alice', 'bob', 'admin')
    const carol = story.admit('bob', 'carol', 'admin', { knows: [bob] })
    const one = story.link('carol', 'carol/phone', { knows: [carol] })
    const two = story.promote('bob', 'carol', 'admin', { knows: [one], devices: ['carol/phone'] })
    story.link('carol/phone', 'carol', { knows: [two], grant: two })
    story.remove('alice', 'bob', { knows: [bob] })
    expect([story.pins('carol', 'a'), story.pins('carol/phone', 'a')]).toEqual([[[]], [[]]])
  })
})

describe('everywhere', () => {
  test('C1: which sealing key is the newest does not depend on which was heard of first', () => {
    const story = new Story()
    const known = story.all()
    const { id, signing } = story.device('alice')
    const keys = ['one', 'two'].map((name) => sealingPair(seedOf(name)))
    for (const pair of keys) story.put('alice', { type: 'reseal', grant: mesh, introduction: introduce(signing, pair, story.member('alice')) }, known)
    const other = new Membership(mesh, verify)
    for (const entry of [story.entries[0]!, ...story.entries.slice(1).reverse()]) other.add(entry)
    const chosen = story.membership.now().sealingKey(id) as SealingKey
    expect(keys.map(({ publicKey }) => publicKey)).toContain(chosen)
    expect(other.now().sealingKey(id)).toBe(chosen)
  })

  test('T8: a chain of grants longer than any stack is read, and so are the pins of its end', () => {
    const links = 20_000
    const membership = new Membership(mesh, () => true)
    const name = (kind: string, i: number): string => kind + i.toString(16).padStart(63, '0')
    const introduction = (i: number): OpOf<'admit'>['introduction'] => ({ device: name('d', i) as DeviceId, sealingKey: name('5', i) as SealingKey, sealingProof: new Uint8Array(64) })
    const put = (id: string, by: number, parents: string[], op: MemberOp): void => membership.restore({ id: id as EntryId, log: '' as LogId, seq: 1, device: name('d', by) as DeviceId, parents: parents as EntryId[], op, ms: 0 }, undefined)
    put(mesh, 0, [], { type: 'found', member: name('a', 0) as MemberId, rootProof: new Uint8Array(64), introduction: introduction(0), history: 'all', salt: new Uint8Array(32) })
    for (let i = 1, grant: string = mesh; i <= links; i++, grant = name('e', i - 1)) {
      put(name('e', i), i - 1, [grant], { type: 'admit', grant: grant as EntryId, member: name('a', i) as MemberId, role: 'admin', rootProof: new Uint8Array(64), introduction: introduction(i), invite: undefined })
    }
    expect(membership.now().device(name('d', links) as DeviceId)?.role).toBe('admin')
    put(name('b', 1), 0, [name('e', 1)], { type: 'remove', grant: mesh, member: name('a', 1) as MemberId, pins: [] })
    expect(membership.now().device(name('d', links) as DeviceId)).toBeUndefined()
    expect(membership.pins(name('d', links) as DeviceId, 'a' as LogId)).toEqual([[]])
  })

  test('T8: more heads than an entry can name: what stands is named first', () => {
    const story = new Story()
    const bob = story.admit('alice', 'bob', 'member')
    for (let i = 0; i <= limits.frontierIds; i++) story.leave('bob', { knows: [bob] })
    const removal = story.remove('alice', 'bob', { knows: [bob] })
    expect(story.all()).toHaveLength(limits.frontierIds)
    expect(story.all()).toContain(removal)
  })
})
