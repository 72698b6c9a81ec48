/**
 * Random small membership histories, made to disagree: a short common beginning, then operations whose authors each
 * know only some of the others. Forks, back-dating and fresh logs need nothing special: to the fold all of them are
 * entries of one device that do not know of each other.
 */
import { BitSet, type Grant, type MemberEntry } from '../../crdt/members/history.ts'
import { Membership } from '../../crdt/members/membership.ts'
import type { Introduction, MemberOp } from '../../crdt/members/ops.ts'
import { encodePolicy } from '../../crdt/members/policy.ts'
import type { Role } from '../../crdt/members/roles.ts'
import { refusalOf } from '../../crdt/members/validity.ts'
import type { View } from '../../crdt/members/view.ts'
import type { DeviceId, EntryId, InviteId, LogId, MemberId, MeshId, SealingKey } from '../../crdt/wire/ids.ts'

const pad = (name: string): string => name.padEnd(64, '0')
const bytes32 = new Uint8Array(32)
const bytes64 = new Uint8Array(64)
const bytes72 = new Uint8Array(72)

export const mesh = pad('f0') as MeshId
export const believe = (): boolean => true

export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** From 0 up to, but not, 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  chance(part: number): boolean {
    return this.next() < part
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  /** @param weights how often each key */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    let whole = 0
    for (const key in weights) whole += weights[key]
    let left = this.next() * whole
    let chosen: K | undefined
    for (const key in weights) if (left >= 0 && (left -= weights[key]) < 0) chosen = key
    return chosen as K
  }
}

export const memberId = (person: number): MemberId => pad(`aa${person}`) as MemberId
const deviceId = (person: number, device: number): DeviceId => pad(`d${person}${device}`) as DeviceId
const personOf = (member: MemberId): number => Number(member[2])

function introduction(device: DeviceId): Introduction {
  return { device, sealingKey: pad(`5${device.slice(0, 3)}`) as SealingKey, sealingProof: bytes64 }
}

/** What a history is rich in: people with their devices, a beginning that all know, and what is done apart. */
const flavours = {
  crowd: {
    people: 5, devicesEach: 3, begins: 2,
    common: { admit: 10, link: 1, invite: 4, promote: 2 },
    apart: { admit: 14, invite: 5, join: 16, promote: 16, remove: 30, close: 9, leave: 3, link: 2, removeDevice: 2, rotate: 3, share: 2, reseal: 1, policy: 1 },
  },
  devices: {
    people: 4, devicesEach: 3, begins: 2,
    common: { admit: 8, link: 14, invite: 1, promote: 2 },
    apart: { admit: 3, invite: 2, join: 4, promote: 12, remove: 8, close: 2, leave: 2, link: 26, removeDevice: 34, rotate: 4, share: 3, reseal: 2, policy: 0 },
  },
  household: {
    people: 2, devicesEach: 4, begins: 4,
    common: { admit: 5, link: 16, invite: 0, promote: 10 },
    apart: { admit: 2, invite: 0, join: 0, promote: 12, remove: 2, close: 0, leave: 1, link: 14, removeDevice: 40, rotate: 2, share: 1, reseal: 1, policy: 0 },
  },
  mixed: {
    people: 5, devicesEach: 3, begins: 2,
    common: { admit: 10, link: 6, invite: 2, promote: 2 },
    apart: { admit: 9, invite: 5, join: 10, promote: 13, remove: 20, close: 6, leave: 3, link: 13, removeDevice: 18, rotate: 4, share: 3, reseal: 1, policy: 1 },
  },
  /** Of the histories of policies alone: stewards who say one thing and another, and remove each other. */
  stewards: {
    people: 4, devicesEach: 2, begins: 4,
    common: { admit: 10, link: 3, invite: 0, promote: 3 },
    apart: { admit: 2, invite: 0, join: 0, promote: 8, remove: 14, close: 0, leave: 1, link: 2, removeDevice: 6, rotate: 0, share: 0, reseal: 0, policy: 60 },
  },
} as const
const common = ['crowd', 'devices', 'household', 'mixed'] as const

export function randomHistory(seed: number): MemberEntry[] {
  const dice = new Dice(seed)
  return new Maker(dice, dice.pick(common)).make()
}

/** A history that is rich in policies. */
export function randomPolicies(seed: number): MemberEntry[] {
  return new Maker(new Dice(seed), 'stewards').make()
}

class Maker {
  readonly #dice: Dice
  readonly #flavour: (typeof flavours)[keyof typeof flavours]
  readonly #membership = new Membership(mesh, believe)
  readonly #entries: MemberEntry[] = []

  constructor(dice: Dice, flavour: keyof typeof flavours) {
    this.#dice = dice
    this.#flavour = flavours[flavour]
  }

  make(): MemberEntry[] {
    const dice = this.#dice
    const { common, apart } = this.#flavour
    this.#add(deviceId(0, 0), [], { type: 'found', member: memberId(0), rootProof: bytes64, introduction: introduction(deviceId(0, 0)), history: 'all', salt: bytes32 }, mesh)
    // The beginning that everybody knows: some people, some devices, perhaps an invite.
    for (let left = this.#flavour.begins + dice.below(3); left > 0; left--) this.#attempt(this.#membership.frontier(), common)
    const shared = this.#entries.length
    for (let left = 5 + dice.below(4); left > 0; left--) this.#attempt(this.#frontier(shared), apart)
    return this.#entries
  }

  /** What the next author knows: all, the beginning only, or some of what came since. */
  #frontier(shared: number): EntryId[] {
    const dice = this.#dice
    if (dice.chance(0.15)) return this.#membership.frontier()
    const from = dice.chance(0.05) ? 0 : shared - 1
    const known = Array.from({ length: dice.pick([1, 1, 1, 2]) }, () => dice.chance(0.35) ? from : from + dice.below(this.#entries.length - from))
    return this.#maximal([...new Set(known)].map((at) => (this.#entries[at] as MemberEntry).id))
  }

  #maximal(ids: EntryId[]): EntryId[] {
    return ids.filter((id) => !ids.some((other) => other !== id && this.#membership.covers([other], [id])))
  }

  /** Tries for an operation that is allowed at the frontier; one in ten goes in though it is not, and of policies some unlooked at. */
  #attempt(frontier: EntryId[], weights: Readonly<Record<string, number>>): void {
    const view = this.#membership.viewAt(frontier) as View
    let refused: { device: DeviceId; op: MemberOp } | undefined
    for (let tries = 0; tries < 12; tries++) {
      const candidate = this.#candidate(view, this.#dice.weighted(weights))
      if (!candidate) continue
      if (this.#flavour === flavours.stewards && candidate.op.type === 'policy' && this.#dice.chance(0.1)) return this.#add(candidate.device, frontier, candidate.op)
      const entry: MemberEntry = { id: pad('e') as EntryId, log: '' as LogId, seq: 1, parents: frontier, ms: 0, ...candidate }
      const { history } = this.#membership
      if (refusalOf(entry, { mesh, history, past: history.pastOf(frontier) as BitSet, view, verify: believe }) === undefined) return this.#add(candidate.device, frontier, candidate.op)
      refused = candidate
    }
    if (refused && this.#dice.chance(0.3)) this.#add(refused.device, frontier, refused.op)
  }

  #add(device: DeviceId, parents: EntryId[], op: MemberOp, id?: EntryId): void {
    const random = Math.floor(this.#dice.next() * 2 ** 32).toString(16).padStart(8, '0')
    const entry: MemberEntry = { id: id ?? (pad(random) as EntryId), log: pad(random).slice(0, 32) as LogId, seq: 1, device, parents, op, ms: this.#dice.below(4) }
    this.#membership.add(entry)
    this.#entries.push(entry)
  }

  #candidate(view: View, type: string): { device: DeviceId; op: MemberOp } | undefined {
    const dice = this.#dice
    const { history } = this.#membership
    const grants = [...history.grants.values()].filter(({ at }) => view.reading.isLive(at))
    if (grants.length === 0) return undefined
    const { whom, which } = this.#target(view, type)
    // Who is being removed elsewhere has most to say; and a device is removed by its own.
    const own = grants.filter(({ member }) => personOf(member) === whom)
    const by = dice.pick(own.length > 0 && dice.chance(type === 'removeDevice' ? 0.9 : type === 'remove' ? 0 : 0.6) ? own : grants)
    const devices = view.devicesOf(by)
    const above = type === 'removeDevice' ? devices.filter((upper) => view.reading.leads(upper, which, by.member)) : []
    const device = above.length > 0 && dice.chance(0.8) ? dice.pick(above) : devices.includes(which) && type !== 'removeDevice' && dice.chance(0.7) ? which : devices.length === 0 || dice.chance(0.03) ? deviceId(personOf(by.member), this.#device()) : dice.pick(devices)
    const person = type === 'remove' ? whom : dice.chance(0.5) ? personOf(dice.pick(grants).member) : this.#person()
    const other = type === 'removeDevice' ? which : deviceId(dice.chance(0.9) ? personOf(by.member) : person, this.#device())
    const op = this.#op(view, type, { by, grant: this.#idOf(by), device, person, other })
    if (!op) return undefined
    // A device that the root key links speaks for itself.
    return { device: op.type === 'link' && op.rootProof && dice.chance(0.7) ? op.introduction.device : device, op }
  }

  /** Somebody to act on or for: the author of something unknown to this one, or whom that removes. */
  #target(view: View, type: string): { whom: number; which: DeviceId } {
    const dice = this.#dice
    const { history } = this.#membership
    const unknown = this.#entries.filter(({ id }) => !view.reading.has(history.at(id) as number))
    if (unknown.length === 0 || dice.chance(0.25)) return { whom: this.#person(), which: deviceId(this.#person(), this.#device()) }
    const { op, device } = dice.pick(unknown)
    if (op.type === 'remove' && type !== 'remove') return { whom: personOf(op.member), which: deviceId(personOf(op.member), this.#device()) }
    const which = op.type === 'removeDevice' && type !== 'removeDevice' ? op.device : device
    return { whom: Number(which[1]), which }
  }

  #op(view: View, type: string, { by, grant, device, person, other }: { by: Grant; grant: EntryId; device: DeviceId; person: number; other: DeviceId }): MemberOp | undefined {
    const dice = this.#dice
    const role = dice.weighted<Role>({ owner: 2, admin: 10, member: 8, service: 1, guest: 2, mirror: 1 })
    const root = dice.chance(type === 'link' ? 0.35 : 0.1) ? { rootProof: bytes64 } : { rootProof: undefined }
    const recipients = (): { device: DeviceId; key: Uint8Array }[] => view.readerDevices().map((reader) => ({ device: reader, key: bytes72 }))
    const sealer = introduction(device).sealingKey
    const pick = (wanted: MemberOp['type']): EntryId | undefined => {
      const ids = this.#entries.filter((entry) => entry.op.type === wanted && view.reading.has(this.#membership.history.at(entry.id) as number)).map(({ id }) => id)
      return ids.length > 0 ? dice.pick(ids) : undefined
    }
    switch (type) {
      case 'admit': return { type, grant, member: memberId(person), role, rootProof: bytes64, introduction: introduction(dice.chance(0.9) ? deviceId(person, this.#device()) : other), invite: undefined }
      case 'join': {
        const opened = pick('invite')
        const invite = opened && this.#entries.find(({ id }) => id === opened)?.op
        if (!opened || invite?.type !== 'invite') return undefined
        return { type: 'admit', grant, member: memberId(person), role: invite.role, rootProof: bytes64, introduction: introduction(deviceId(person, this.#device())), invite: { opened, transcript: bytes32, proof: bytes64 } }
      }
      case 'promote': {
        const named = Array.from({ length: this.#flavour.devicesEach }, (_, i) => deviceId(person, i)).filter((own) => view.distance(own, memberId(person)) < Infinity && dice.chance(0.8))
        return { type, grant, member: memberId(person), role, devices: named }
      }
      case 'link': return { type, grant, introduction: introduction(other), consent: bytes64, ...root }
      case 'remove': return { type, grant, member: memberId(person), pins: [] }
      case 'removeDevice': return { type, grant, device: dice.chance(0.6) ? other : deviceId(personOf(by.member), this.#device()), pins: [], ...root }
      case 'leave': return { type, grant }
      case 'invite': return { type, grant, invite: pad('c0') as InviteId, role, uses: dice.pick([1, 1, 2]), expires: 0, approval: dice.chance(0.2) ? 'steward' : 'none', history: 'all' }
      case 'close': {
        const opened = pick('invite')
        return opened && { type, grant, opened, reason: 'revoked' }
      }
      case 'rotate': return { type, grant, commitment: bytes32, sealer, recipients: recipients().slice(dice.chance(0.9) ? 0 : 1) }
      case 'share': {
        const epoch = pick('rotate')
        return epoch && { type, grant, epoch, sealer, recipients: recipients().filter(() => dice.chance(0.6)) }
      }
      case 'reseal': return { type, grant, introduction: introduction(device) }
      default: return { type: 'policy', grant, payload: this.#flavour === flavours.stewards ? this.#policy(person) : new Uint8Array() }
    }
  }

  /** Of few things, so that many are about the same; now and then one that no version understands. */
  #policy(person: number): Uint8Array {
    const dice = this.#dice
    if (dice.chance(0.05)) return Uint8Array.of(99, 1)
    if (dice.chance(0.3)) return encodePolicy({ type: 'profile', field: dice.pick(['name', 'title']), by: dice.pick(['self', 'stewards']) })
    return encodePolicy({ type: 'except', member: memberId(person), permission: dice.pick(['state.write', 'message.send']), choice: dice.pick(['allow', 'deny', 'default']) })
  }

  #person(): number {
    return this.#dice.below(this.#flavour.people)
  }

  #device(): number {
    return this.#dice.below(this.#flavour.devicesEach)
  }

  #idOf({ at }: Grant): EntryId {
    return (this.#membership.history.entries[at] as MemberEntry).id
  }
}

/** The same history in another order in which each comes after its parents. */
export function shuffled(entries: readonly MemberEntry[], dice: Dice): MemberEntry[] {
  const left = [...entries]
  const order: MemberEntry[] = []
  const placed = new Set<EntryId>()
  while (left.length > 0) {
    const ready = left.filter((entry) => entry.parents.every((parent) => placed.has(parent)))
    const next = dice.pick(ready)
    left.splice(left.indexOf(next), 1)
    order.push(next)
    placed.add(next.id)
  }
  return order
}

/** The history without one entry: who knew it knows what it knew. */
export function without(entries: readonly MemberEntry[], gone: MemberEntry): MemberEntry[] {
  return entries.filter((entry) => entry !== gone).map((entry) => entry.parents.includes(gone.id) ? { ...entry, parents: [...new Set(entry.parents.flatMap((parent) => (parent === gone.id ? gone.parents : [parent])))] } : entry)
}

/** A history in words, to be read when a test fails. */
export function tell(entries: readonly MemberEntry[]): string {
  const short = (id: string): string => id.slice(0, id.startsWith('d') || id.startsWith('aa') ? 3 : 6)
  return entries.map(({ id, device, parents, op }) => {
    const words = Object.entries(op).flatMap(([key, value]) => {
      if (key === 'introduction') return [`device=${short((value as Introduction).device)}`]
      if (key === 'invite' && typeof value === 'object') return [`invite=${short((value as { opened: string }).opened)}`]
      if (key === 'recipients') return [`to=${(value as { device: string }[]).map((to) => short(to.device)).join('+')}`]
      if (key === 'devices') return [`devices=${(value as string[]).map(short).join('+')}`]
      if (key === 'rootProof') return value ? ['root'] : []
      return ['grant', 'member', 'role', 'device', 'opened', 'epoch', 'uses'].includes(key) ? [`${key}=${short(String(value))}`] : []
    })
    return `${short(id)} by ${short(device)} knows [${parents.map(short).join(' ')}]: ${op.type} ${words.join(' ')}`
  }).join('\n')
}
