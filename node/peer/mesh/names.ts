/** What members and the mesh are called. Names are sealed content; two that are the same are told apart by a suffix. */
import * as z from 'zod'
import { deviceNameKey } from '../../../crdt/docs/need.ts'
import { readRegister } from '../../../crdt/docs/registers.ts'
import type { DeviceId, MemberId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Replica } from '../replica/replica.ts'

const profile = z.looseObject({ name: z.string().min(1) })
const meshName = z.object({ name: z.string().min(1) })
const suffixLength = 3

/** Refuses names that cannot be shown or typed. @returns the name in its normal form (NFC, trimmed) */
export function checkName(typed: string): string {
  const name = typed.normalize('NFC').trim()
  const refuse = (why: string): never => {
    throw new AtollError('name_invalid', { name: JSON.stringify(typed.slice(0, 40)), why })
  }
  if (name.length === 0) refuse('it is empty')
  if (!name.isWellFormed()) refuse('it is not valid Unicode')
  if (new TextEncoder().encode(name).length > limits.nameBytes) refuse(`it is longer than ${limits.nameBytes} bytes`)
  if (/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(name)) refuse('it holds control characters')
  if (/^[*@#]/.test(name)) refuse('it begins with *, @ or #, which mean groups and topics')
  return name
}

/** The names of one mesh as of now. */
export class Names {
  readonly #replica: Replica
  /** Kept until one may have changed: a message that is sent names all who will read it. */
  readonly #bare = new Map<MemberId, string>()
  readonly #shown = new Map<MemberId, string>()

  constructor(replica: Replica) {
    this.#replica = replica
    replica.onCommit(({ membership, events }) => {
      if (!membership && !events.registers.some(({ doc }) => doc === 'members')) return
      this.#bare.clear()
      this.#shown.clear()
    })
  }

  mesh(): string {
    if (!this.#replica.mayRead()) return this.#replica.mesh.slice(0, 8)
    return this.#read('mesh', 'name', meshName)?.name ?? this.#replica.mesh.slice(0, 8)
  }

  /** A member's own name, without a suffix. */
  bare(member: MemberId): string {
    const known = this.#bare.get(member)
    if (known !== undefined) return known
    const name = this.#read('members', member, profile)?.name ?? `member-${member.slice(0, 6)}`
    this.#bare.set(member, name)
    return name
  }

  /** What a member says of itself, to be written again with a change; empty where it has said nothing yet. */
  profile(member: MemberId): Readonly<Record<string, unknown>> {
    return this.#read('members', member, profile) ?? {}
  }

  /** A member's name as shown: with a suffix where another member has the same. */
  member(member: MemberId): string {
    const known = this.#shown.get(member)
    if (known !== undefined) return known
    const name = this.bare(member)
    const same = this.#members().filter((other) => this.bare(other) === name)
    const shown = same.length > 1 ? `${name}~${member.slice(0, suffixLength)}` : name
    this.#shown.set(member, shown)
    return shown
  }

  /** What its person calls a device; null where it has no name. */
  ofDevice(device: DeviceId): string | null {
    const member = this.#replica.membership.memberOf(device)
    return (member && this.#read('members', deviceNameKey(member, device), profile)?.name) ?? null
  }

  device(device: DeviceId): string {
    const member = this.#replica.membership.memberOf(device)
    return member ? this.member(member) : `device-${device.slice(0, 6)}`
  }

  /** Who is meant by a typed name: a shown name, a bare name that only one has, or the beginning of an id. Throws member_unknown or member_ambiguous. */
  find(typed: string): MemberId {
    const members = this.#members()
    const wanted = typed.normalize('NFC').trim()
    const shown = members.filter((member) => this.member(member) === wanted)
    const bare = members.filter((member) => this.bare(member) === wanted)
    const byId = wanted.length >= 6 ? members.filter((member) => member.startsWith(wanted)) : []
    const found = shown.length > 0 ? shown : bare.length > 0 ? bare : byId
    const [only, ...others] = found
    if (!only) throw new AtollError('member_unknown', { name: typed })
    if (others.length > 0) throw new AtollError('member_ambiguous', { name: typed, choices: found.map((member) => this.member(member)).join(', ') })
    return only
  }

  #members(): MemberId[] {
    return this.#replica.membership.now().members().map(({ id }) => id)
  }

  #read<T>(doc: string, key: string, schema: z.ZodType<T>): T | undefined {
    const version = readRegister(this.#replica.store, doc, key)[0]
    if (!version || version.deleted) return undefined
    const parsed = schema.safeParse(JSON.parse(version.value))
    return parsed.success ? parsed.data : undefined
  }
}
