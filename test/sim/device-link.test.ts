/** Stories of people who take another device of theirs into a mesh. */
import { describe, expect, test } from 'vitest'
import { formatDeviceLink, parseDeviceLink, type DeviceLink } from '../../crdt/members/device-link.ts'
import { protocols } from '../../crdt/wire/protocols.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { fromHex, type MeshId } from '../../crdt/wire/ids.ts'
import { encode, type TypeOf } from '../../crdt/wire/codec.ts'
import { silentLog } from '../../node/ports/log.ts'
import type { Joined } from '../../node/ports/services.ts'
import { LinkTalk } from '../../node/peer/join/be-linked.ts'
import { deviceFrame } from '../../node/peer/join/device-frames.ts'
import { DeviceLinks } from '../../node/peer/join/device-links.ts'
import { codeOf, never, PeopleWorld } from './people-world.ts'
import type { SimPeer } from './sim-peer.ts'

const lasts_ms = 600_000

interface Asking {
  readonly code: string
  readonly joining: Promise<Joined>
}

const linkOf = async (world: PeopleWorld, old: SimPeer, all = false): Promise<string> => (await world.done(world.as(old).devices.link({ all, lasts_ms }))).link

/** A device asks by a link, and shows its code. */
async function ask(world: PeopleWorld, fresh: SimPeer, link: string, name?: string): Promise<Asking> {
  const shown = Promise.withResolvers<string>()
  const joining = world.as(fresh).meshes.join({ link, name, wait: false }, (text) => {
    const code = /(\d{3}) (\d{3})$/.exec(text)
    if (code) shown.resolve(`${code[1]}${code[2]}`)
  }, never)
  joining.catch(shown.reject)
  const code = await world.done(shown.promise)
  // What it showed is under way.
  await world.time.advance(1_000)
  return { code, joining }
}

/** Another device of the old one's person, linked as a person would. */
async function link(world: PeopleWorld, old: SimPeer, fresh: SimPeer, name?: string, all = false): Promise<Joined> {
  const { code, joining } = await ask(world, fresh, await linkOf(world, old, all), name)
  expect(await world.done(world.as(old).devices.asking(never))).toEqual({ device: fresh.device, name: name ?? fresh.name })
  const [, answer] = await world.done(Promise.all([world.as(old).devices.confirm(code), joining]))
  return answer
}

const meshOf = async (world: PeopleWorld, peer: SimPeer): Promise<MeshId> => (await world.done(world.as(peer).meshes.list()))[0]!.mesh as MeshId
const linksIn = (seenBy: SimPeer, mesh: MeshId): number => seenBy.replica(mesh)!.membership.history.entries.filter(({ op }) => op.type === 'link').length
const deviceIds = (devices: readonly { readonly device: string }[] | undefined): string[] => (devices ?? []).map(({ device }) => device).sort()

describe('a person with several devices', () => {
  test('L1 L3: is one member to the others: one name and role, messages reach each device, receipts come from each, names of devices are shown', async () => {
    using world = new PeopleWorld('two devices')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    expect(await world.setState(alice, 'before', 'the link')).toBe('done')
    const mesh = await meshOf(world, alice)
    const phone = world.peer('phone')
    expect(await link(world, alice, phone, 'phone')).toMatchObject({ mesh, name: 'reef', member_name: 'alice', role: 'owner', others: [] })
    await world.time.advance(10_000)
    expect(await world.getState(phone, 'before')).toBe('the link')
    for (const peer of [alice, bob, phone]) {
      const members = await world.done(world.as(peer).members.list())
      expect(members.map(({ name }) => name).sort(), `${peer.name}`).toEqual(['alice', 'bob'])
      expect(deviceIds(members.find(({ name }) => name === 'alice')?.devices)).toEqual([alice.device, phone.device].sort())
      const peers = await world.done(world.as(peer).peers.list())
      expect(peers.filter(({ name }) => name === 'alice').map(({ online, role }) => `${role} ${online}`)).toEqual(['owner true', 'owner true'])
    }
    const sent = await world.done(world.as(bob).messages.send({ to: ['alice'], text: 'hello', priority: 'next' }))
    await world.time.advance(10_000)
    const receipts = (await world.done(world.as(bob).messages.status(sent.id))).recipients
    expect(receipts.map(({ name, device, state }) => ({ name, device, state })).sort((a, b) => (a.device < b.device ? -1 : 1))).toEqual([alice.device, phone.device].sort().map((device) => ({ name: 'alice', device, state: 'reached' })))
    for (const peer of [alice, phone]) {
      const inbox = await world.done(world.as(peer).messages.inbox({ wait_ms: 0, limit: 9, peek: false }, never))
      expect(inbox.map(({ text, from }) => `${from}: ${text}`), `${peer.name}`).toEqual(['bob: hello'])
    }
    // What either writes is the member's, and what it may do it may do from each.
    await world.done(world.as(phone).state.set('k', 1))
    await world.time.advance(5_000)
    expect(await world.done(world.as(bob).state.get('k'))).toMatchObject({ value: 1, by: 'alice' })
    await world.done(world.as(phone).members.setRole('bob', 'admin'))
    const named = async (peer: SimPeer): Promise<unknown> => Object.fromEntries((await world.done(world.as(peer).devices.list())).map(({ device, name }) => [device, name]))
    expect(await named(alice)).toEqual({ [alice.device]: null, [phone.device]: 'phone' })
    await world.done(world.as(phone).devices.rename(alice.device.slice(0, 12), 'laptop'))
    await world.time.advance(5_000)
    expect(await named(alice)).toEqual({ [alice.device]: 'laptop', [phone.device]: 'phone' })
    expect(await codeOf(world.done(world.as(bob).devices.rename('laptop', 'mine')))).toBe('device_unknown')
    expect(await world.done(world.as(alice).devices.remove('phone'))).toMatchObject({ device: phone.device, rotated: true })
    await world.time.advance(10_000)
    expect(await world.setState(phone, 'k', 2)).toBe('removed')
    expect(deviceIds((await world.member(bob, 'alice'))?.devices)).toEqual([alice.device])
    expect(await world.done(world.as(alice).audit.query({ kinds: new Set(['device_linked', 'device_named']), newest_first: false, limit: 9 }, () => undefined, never))).toMatchObject({ entries: [{ by: 'alice', changes: [{ text: `linked the device ${phone.device.slice(0, 12)}` }] }, { changes: [{ text: `named the device ${phone.device.slice(0, 12)} of alice` }] }, { changes: [{ kind: 'device_named' }] }] })
  })

  test('L1: one link leads into all meshes of the person, each a link of its own', async () => {
    using world = new PeopleWorld('all meshes')
    const [alice] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    await world.done(world.as(alice).meshes.create({ name: 'lagoon', relays: [], as: 'al' }))
    await world.done(world.as(alice).meshes.setDefault('reef'))
    const phone = world.peer('phone')
    expect(await link(world, alice, phone, undefined, true)).toMatchObject({ name: 'reef', member_name: 'alice', others: ['lagoon'] })
    expect((await world.done(world.as(phone).meshes.list())).map(({ name, member_name }) => `${name} ${member_name}`).sort()).toEqual(['lagoon al', 'reef alice'])
    // Again: there is nothing left to be linked into.
    const again = await ask(world, phone, await linkOf(world, alice))
    const [, refused] = await world.done(Promise.all([codeOf(world.as(alice).devices.confirm(again.code)), codeOf(again.joining)]))
    expect(refused).toBe('already_joined')
  })

  test('L1 C3 T6: linked while the others are away, the device is known to them when they are back, and reads and writes', async () => {
    using world = new PeopleWorld('link apart')
    const [alice, bob, carol] = (await world.people('alice', 'bob', 'carol')) as [SimPeer, SimPeer, SimPeer]
    const phone = world.peer('phone')
    world.part([alice, phone], [bob, carol])
    await link(world, alice, phone)
    // Keys change on the other side, unaware of the new device.
    await world.done(world.as(bob).members.list())
    expect(await world.setState(bob, 'there', 1)).toBe('done')
    expect(await world.setState(phone, 'here', 2)).toBe('done')
    await world.heal()
    for (const peer of [alice, bob, carol, phone]) {
      expect([await world.getState(peer, 'there'), await world.getState(peer, 'here')], `${peer.name}`).toEqual([1, 2])
      expect(deviceIds((await world.member(peer, 'alice'))?.devices)).toEqual([alice.device, phone.device].sort())
    }
  })

  test('T4 T5: a device that was removed links another, unaware: it has no effect once that is known', async () => {
    using world = new PeopleWorld('stolen links')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const [phone, thief] = [world.peer('phone'), world.peer('mallory')]
    await link(world, alice, phone)
    await world.time.advance(5_000)
    world.part([phone, thief], [alice, bob])
    await world.done(world.as(alice).devices.remove(phone.device))
    expect(await link(world, phone, thief)).toMatchObject({ member_name: 'alice' })
    expect(await world.setState(alice, 'secret', 1)).toBe('done')
    expect(await world.setState(thief, 'stolen', 1)).toBe('done')
    await world.heal()
    for (const peer of [alice, bob]) {
      expect(deviceIds((await world.member(peer, 'alice'))?.devices), `${peer.name}`).toEqual([alice.device])
      expect(await world.getState(peer, 'stolen')).toBeUndefined()
    }
    for (const peer of [phone, thief]) expect(await world.getState(peer, 'secret')).toBeUndefined()
    // Who knows that it was removed makes no link, and is not linked again.
    expect(await codeOf(world.done(world.as(phone).devices.link({ all: false, lasts_ms })))).toBe('removed')
    const again = await ask(world, phone, await linkOf(world, alice))
    expect(await world.done(Promise.all([codeOf(world.as(alice).devices.confirm(again.code)), codeOf(again.joining)]))).toEqual(['device_link_broken', 'already_joined'])
  })

  test('L1: a guest links a device too, and a writer hands it the keys', async () => {
    using world = new PeopleWorld('guest links')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    expect(await world.setState(alice, 'k', 1)).toBe('done')
    await world.done(world.as(alice).members.setRole('bob', 'guest'))
    await world.time.advance(10_000)
    const phone = world.peer('phone')
    expect(await link(world, bob, phone)).toMatchObject({ role: 'guest' })
    await world.time.advance(10_000)
    expect(await world.getState(phone, 'k')).toBe(1)
    expect(await world.setState(phone, 'k', 2)).not.toBe('done')
  })
})

describe('a link for a device', () => {
  test('L2: that is refused, mistyped three times, expired, or withdrawn by another leaves nothing', async () => {
    using world = new PeopleWorld('refused')
    const [alice, bob] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const mesh = await meshOf(world, alice)
    const phone = world.peer('phone')
    const devices = world.as(alice).devices
    const before = alice.replica(mesh)!.membership.history.size
    const left = async (asking: Asking, since = 'device_link_closed'): Promise<void> => {
      expect(await codeOf(world.done(asking.joining))).toBe('device_link_closed')
      expect(await world.done(world.as(phone).meshes.list())).toEqual([])
      expect(phone.disk.profile('phone', () => true).meshes()).toEqual([])
      expect([alice, bob].map((peer) => peer.replica(mesh)!.membership.history.size)).toEqual([before, before])
      expect(await codeOf(world.done(devices.confirm(asking.code)))).toBe(since)
    }
    expect(await codeOf(world.done(devices.refuse()))).toBe('device_link_closed')

    const refused = await ask(world, phone, await linkOf(world, alice))
    await world.done(devices.refuse())
    await left(refused)

    const mistyped = await ask(world, phone, await linkOf(world, alice))
    const other = mistyped.code === '000000' ? '000001' : '000000'
    for (let miss = 1; miss < limits.shortCodeTries; miss++) expect(await codeOf(world.done(devices.confirm(other)))).toBe('code_wrong')
    expect(await codeOf(world.done(devices.asking(never))), 'still open').toBe('done')
    expect(await codeOf(world.done(devices.confirm(other)))).toBe('code_wrong')
    await left(mistyped)

    const late = await ask(world, phone, await linkOf(world, alice))
    await world.time.advance(lasts_ms)
    await left(late)
    expect(await codeOf(world.done(devices.link({ all: false, lasts_ms })))).toBe('done')
    expect(await codeOf(world.done(devices.confirm('123456'))), 'nobody has asked').toBe('device_link_unasked')
    await world.done(devices.refuse())

    const first = await ask(world, phone, await linkOf(world, alice))
    const second = await linkOf(world, alice)
    await left(first, 'device_link_unasked')
    // The new one is good, once.
    const { code, joining } = await ask(world, phone, second)
    await world.done(Promise.all([devices.confirm(code), joining]))
    expect(await codeOf(world.done(world.as(world.peer('tablet')).meshes.join({ link: second, name: undefined, wait: false }, () => undefined, never)))).toBe('device_link_closed')
    expect(linksIn(alice, mesh)).toBe(1)
  })

  test('L2: the first who proves it takes it: the person sees another device, types a code that nobody shows there, and nothing is linked', async () => {
    using world = new PeopleWorld('overlooked')
    const [alice] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const mesh = await meshOf(world, alice)
    const [phone, mallory] = [world.peer('phone'), world.peer('mallory')]
    const seen = await linkOf(world, alice)
    const hers = await ask(world, mallory, seen)
    expect(await codeOf(ask(world, phone, seen))).toBe('device_link_closed')
    expect(await world.done(world.as(alice).devices.asking(never))).toEqual({ device: mallory.device, name: 'mallory' })
    await world.done(world.as(alice).devices.refuse())
    expect(await codeOf(world.done(hers.joining))).toBe('device_link_closed')
    expect(linksIn(alice, mesh)).toBe(0)
  })

  test('L2: with somebody between the devices the codes differ, and nothing is linked', async () => {
    using world = new PeopleWorld('between')
    const [alice] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const mesh = await meshOf(world, alice)
    const [phone, mallory] = [world.peer('phone'), world.peer('mallory')]
    const parsed = parseDeviceLink(await linkOf(world, alice))
    if (!parsed.ok) throw new Error('no link')
    // Mallory carries the link, and hands on one of her own: she is alice's laptop to the phone, and the phone to the laptop.
    const { identity, needs: { network, runtime } } = mallory.peer!
    const asLaptop = new DeviceLinks({ device: mallory.device, runtime, log: silentLog, replica: () => undefined, changed: () => undefined })
    const secret = asLaptop.open([mesh], lasts_ms)
    network.handle(protocols.device, (stream) => void asLaptop.answer(stream))
    const swapped = formatDeviceLink({ ...parsed.link, device: mallory.device, addresses: [], secret } satisfies DeviceLink)
    const atPhone = await ask(world, phone, swapped)
    const asPhone = await world.done(network.open(alice.device, protocols.device, never).then((stream) => LinkTalk.begin(stream, { link: parsed.link, identity, name: 'phone', runtime, signal: never })))
    expect(await world.done(world.as(alice).devices.asking(never))).toEqual({ device: mallory.device, name: 'phone' })
    expect(asPhone.code).not.toBe(atPhone.code)
    // Alice types what her phone shows.
    expect(await codeOf(world.done(world.as(alice).devices.confirm(atPhone.code)))).toBe('code_wrong')
    await world.done(world.as(alice).devices.refuse())
    expect(await codeOf(world.done(asPhone.accepted(1000)))).toBe('device_link_closed')
    expect(linksIn(alice, mesh)).toBe(0)
    asLaptop.close()
    await world.done(codeOf(atPhone.joining))
  })

  test('L2 T8: each conversation in which random bytes were told is a try, so that codes cannot be tried out; what is malformed ends it', async () => {
    using world = new PeopleWorld('grinding')
    const [alice] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const mallory = world.peer('mallory')
    const parsed = parseDeviceLink(await linkOf(world, alice))
    if (!parsed.ok) throw new Error('no link')
    const { identity, needs: { network, runtime } } = mallory.peer!
    const talk = async (...frames: readonly (TypeOf<typeof deviceFrame> | Uint8Array)[]): Promise<void> => {
      const stream = await world.done(network.open(alice.device, protocols.device, never))
      for (const frame of frames) stream.send(frame instanceof Uint8Array ? frame : encode(deviceFrame, frame))
      await world.time.advance(1_000)
      stream.close('enough')
      await world.time.advance(1_000)
    }
    const commitment = new Uint8Array(32)
    // Who does not have the link cannot spend it.
    for (let i = 0; i < 5; i++) await talk({ type: 'hello', link: new Uint8Array(32), commitment })
    await talk(Uint8Array.of(1, 2, 3))
    await talk(new Uint8Array(limits.handshakeBytes + 1))
    await talk({ type: 'done' })
    const { deviceLinkKey } = await import('../../crdt/members/device-link.ts')
    const named = fromHex(deviceLinkKey(parsed.link.secret).publicKey)
    for (let left = limits.deviceLinkTries; left > 1; left--) await talk({ type: 'hello', link: named, commitment })
    // The last one has to be good: a commitment that does not fit, and a proof that does not, are not.
    await talk({ type: 'hello', link: named, commitment }, { type: 'claim', nonce: new Uint8Array(32), proof: new Uint8Array(64), name: 'x' })
    const begun = network.open(alice.device, protocols.device, never).then((stream) => LinkTalk.begin(stream, { link: parsed.link, identity, name: '', runtime, signal: never }))
    expect(await codeOf(world.done(begun))).toBe('device_link_closed')
    expect(await codeOf(world.done(world.as(alice).devices.asking(never)))).toBe('device_link_closed')
    expect(await codeOf(ask(world, world.peer('phone'), formatDeviceLink(parsed.link)))).toBe('device_link_closed')
  })

  test('L2 H1: is told from what is none, and says when its device cannot be reached', async () => {
    using world = new PeopleWorld('links')
    const [alice] = (await world.people('alice', 'bob')) as [SimPeer, SimPeer]
    const phone = world.peer('phone')
    const text = await linkOf(world, alice)
    const join = (link: string): Promise<unknown> => codeOf(world.done(world.as(phone).meshes.join({ link, name: undefined, wait: false }, () => undefined, never)))
    expect(await join(`${text.slice(0, -1)}x`)).toBe('link_malformed')
    expect(await codeOf(world.done(world.as(alice).meshes.join({ link: text, name: undefined, wait: false }, () => undefined, never)))).toBe('device_not_linkable')
    world.part([alice], [phone])
    expect(await join(text)).toBe('device_away')
    await world.heal()
    const { code, joining } = await ask(world, phone, ` ${text.slice(0, 40)}\n${text.slice(40)} `)
    await world.done(Promise.all([world.as(alice).devices.confirm(code), joining]))
  })
})
