/**
 * Whom the person at this device has verified, and what of theirs: a private mark, which no peer can set or see. It
 * vouches for the devices and sealing keys that the member had then. One that came since, even if it is gone again,
 * makes the mark `changed` until the person confirms anew (rule T11).
 */
import type { MemberEntry } from '../../../crdt/members/history.ts'
import { decode, encode, list, struct, uint } from '../../../crdt/wire/codec.ts'
import { deviceId, sealingKey, type DeviceId, type MemberId } from '../../../crdt/wire/ids.ts'
import type { Log } from '../../ports/log.ts'
import type { Verification } from '../../ports/services.ts'
import type { Replica } from '../replica/replica.ts'
import { allRows } from '../replica/rows.ts'
import type { Names } from './names.ts'

const prefix = 'verified\0'
/** More than any member has: a bound for what is read back. */
const keysKept = 10_000
const mark = struct({ at: uint, keys: list(struct({ device: deviceId, sealingKey }), keysKept) })

export interface VerifiedNeeds {
  readonly replica: Replica
  readonly names: Names
  readonly log: Log
}

export class VerifiedMembers {
  readonly #needs: VerifiedNeeds
  /** Of whom the log was told already. */
  readonly #warned = new Set<MemberId>()

  constructor(needs: VerifiedNeeds) {
    this.#needs = needs
    needs.replica.onCommit(({ membership }) => membership && this.#warn())
  }

  of(member: MemberId): Verification {
    const { replica } = this.#needs
    if (member === replica.membership.memberOf(replica.identity.device)) return 'you'
    const known = this.#known(member)
    if (!known) return 'none'
    return this.#keysOf(member).every((key) => known.keys.has(key)) ? 'verified' : 'changed'
  }

  /** When the person confirmed it last. */
  since(member: MemberId): number | null {
    return this.#known(member)?.at ?? null
  }

  /** Devices that came, or took another sealing key, since a member was verified. */
  news(member: MemberId): readonly DeviceId[] {
    const known = this.#known(member)
    return known ? [...new Set(this.#keysOf(member).filter((key) => !known.keys.has(key)).map((key) => key.slice(0, 64) as DeviceId))] : []
  }

  /** Everybody whose mark is `changed`. */
  changed(): readonly MemberId[] {
    if (!this.#needs.replica.mayRead()) return []
    return [...allRows(this.#needs.replica.store, 'meta', prefix)].map(([key]) => key.slice(prefix.length) as MemberId).filter((member) => this.of(member) === 'changed')
  }

  /** The person says that a member with all devices of now is who they say. */
  async confirm(member: MemberId, at: number): Promise<void> {
    const { replica } = this.#needs
    const keys = this.#keysOf(member).map((key) => ({ device: key.slice(0, 64) as DeviceId, sealingKey: key.slice(64) as Parameters<typeof sealingKey.write>[1] }))
    await replica.note([{ table: 'meta', key: prefix + member, value: encode(mark, { at, keys }) }])
    this.#warned.delete(member)
  }

  async withdraw(member: MemberId): Promise<void> {
    await this.#needs.replica.note([{ table: 'meta', key: prefix + member, value: undefined }])
    this.#warned.delete(member)
  }

  #known(member: MemberId): { readonly at: number; readonly keys: ReadonlySet<string> } | undefined {
    const stored = this.#needs.replica.store.get('meta', prefix + member)
    const row = stored && decode(mark, stored)
    return row?.ok ? { at: row.value.at, keys: new Set(row.value.keys.map(({ device, sealingKey: key }) => device + key)) } : undefined
  }

  /** Every device and sealing key that a member was ever introduced with, as one text each. */
  #keysOf(member: MemberId): readonly string[] {
    const { history } = this.#needs.replica.membership
    const keys = new Set<string>()
    for (const [device, introductions] of history.introductions) {
      for (const { at, key } of introductions) {
        const { op } = history.entries[at] as MemberEntry
        const owner = op.type === 'found' || op.type === 'admit' ? op.member : history.memberOf(at)
        if (owner === member) keys.add(device + key)
      }
    }
    return [...keys]
  }

  #warn(): void {
    for (const member of this.changed()) {
      if (this.#warned.has(member)) continue
      this.#warned.add(member)
      this.#needs.log.warn('verified_member_changed', { member, name: this.#needs.names.member(member), devices: this.news(member).join(' ') })
    }
  }
}
