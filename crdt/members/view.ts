/**
 * Who is in the mesh as seen from one membership frontier: a reading with its answers worked out. Views are
 * immutable; asking the same frontier twice gives the same answers for ever.
 */
import type { DeviceId, EntryId, MemberId, SealingKey } from '../wire/ids.ts'
import type { BitSet, Grant, History, MemberEntry } from './history.ts'
import type { OpOf } from './ops.ts'
import { Reading } from './reading.ts'
import { rank, readers, writers, type Role } from './roles.ts'

/** A member at some frontier. Without a live grant its status says how that came about. */
export interface MemberState {
  readonly id: MemberId
  readonly role: Role
  readonly status: 'active' | 'left' | 'removed'
  /** Devices that may act for it now. */
  readonly devices: readonly DeviceId[]
  readonly since: number
  readonly admittedBy: MemberId | undefined
}

/** What a device is and may do at some frontier. */
export interface DeviceState {
  readonly device: DeviceId
  readonly member: MemberId
  readonly role: Role
  /** The best grant it may use: the one to name in its next membership entry. */
  readonly grant: EntryId
}

interface Lists {
  readonly devices: Map<DeviceId, DeviceState>
  readonly members: Map<MemberId, MemberState>
}

export class View {
  readonly reading: Reading
  readonly #history: History
  #lists: Lists | undefined
  #epochs: readonly EntryId[] | undefined

  constructor(history: History, within?: BitSet) {
    this.#history = history
    this.reading = new Reading(history, within)
  }

  /** The device with its best live grant, or undefined when it is not admitted here. */
  device(device: DeviceId): DeviceState | undefined {
    return this.#enlisted().devices.get(device)
  }

  devices(): IterableIterator<DeviceState> {
    return this.#enlisted().devices.values()
  }

  member(member: MemberId): MemberState | undefined {
    return this.#enlisted().members.get(member)
  }

  members(): readonly MemberState[] {
    return [...this.#enlisted().members.values()]
  }

  isWriter(device: DeviceId): boolean {
    const state = this.device(device)
    return state !== undefined && writers.has(state.role)
  }

  /** Devices that hold content keys, in ascending order. */
  readerDevices(): DeviceId[] {
    return [...this.devices()].filter((state) => readers.has(state.role)).map((state) => state.device).sort()
  }

  /** The newest sealing key that a device certified. */
  sealingKey(device: DeviceId): SealingKey | undefined {
    let newest: { at: number; key: SealingKey } | undefined
    for (const { at, key } of this.sealingKeys(device)) if (!newest || at > newest.at) newest = { at, key }
    return newest?.key
  }

  hasSealingKey(device: DeviceId, key: SealingKey): boolean {
    return this.sealingKeys(device).some((known) => known.key === key)
  }

  sealingKeys(device: DeviceId): { at: number; key: SealingKey }[] {
    return (this.#history.introductions.get(device) ?? []).filter(({ at }) => this.reading.has(at) && this.reading.stands(at))
  }

  /**
   * Epochs that a writer at this frontier may seal under (rule T6), best first: each knew every standing operation
   * that takes authority, and everyone it was made for is still admitted.
   */
  epochs(): readonly EntryId[] {
    this.#epochs ??= this.#usableEpochs()
    return this.#epochs
  }

  #usableEpochs(): EntryId[] {
    const { reading } = this
    const history = this.#history
    const stands = (at: number): boolean => reading.has(at) && reading.stands(at)
    const takers = [history.removals, history.deviceRemovals, history.leaves].flatMap((index) => [...index.values()].flat()).filter(stands)
    const usable = history.rotations.filter((at) => {
      if (!stands(at)) return false
      const { recipients } = (history.entries[at] as MemberEntry).op as OpOf<'rotate'>
      return takers.every((taker) => history.inPast(at, taker)) && recipients.every(({ device }) => this.#isReader(device))
    })
    return usable
      .map((at) => ({ id: (history.entries[at] as MemberEntry).id, depth: (history.pasts[at] as BitSet).count() }))
      .sort((a, b) => b.depth - a.depth || (a.id < b.id ? -1 : 1))
      .map(({ id }) => id)
  }

  #isReader(device: DeviceId): boolean {
    const state = this.device(device)
    return state !== undefined && readers.has(state.role)
  }

  /** Worked out on first need: most operations are judged by their own grant alone. */
  #enlisted(): Lists {
    if (this.#lists) return this.#lists
    this.#lists = { devices: new Map(), members: new Map() }
    const standing = [...this.#history.grants.values()].filter(({ at }) => this.reading.has(at) && this.reading.stands(at))
    const made = (grant: Grant): MemberEntry => this.#history.entries[grant.at] as MemberEntry
    // In an order that does not depend on arrival, so that every peer shows the same (rule C1).
    standing.sort((a, b) => made(a).ms - made(b).ms || (made(a).id < made(b).id ? -1 : 1))
    for (const grant of standing) this.#enlist(grant, made(grant), this.#lists.members, this.#lists.devices)
    return this.#lists
  }

  #enlist(grant: Grant, entry: MemberEntry, members: Map<MemberId, MemberState>, devices: Map<DeviceId, DeviceState>): void {
    const live = this.reading.isLive(grant.at)
    const usable = live ? this.#devicesOf(grant) : []
    for (const device of usable) this.#enlistDevice(device, grant, entry.id, devices)
    const known = members.get(grant.member)
    const better = !known || (live && (known.status !== 'active' || rank(grant.role) > rank(known.role)))
    const status = live ? 'active' : this.reading.takers(grant).length > 0 ? 'removed' : 'left'
    const by = grant.parent === undefined ? undefined : this.#history.grants.get(grant.parent)?.member
    members.set(grant.member, {
      id: grant.member,
      role: better ? grant.role : known.role,
      status: better ? status : known.status,
      devices: [...new Set([...(known?.devices ?? []), ...usable])],
      since: known?.since ?? entry.ms,
      admittedBy: known ? known.admittedBy : by,
    })
  }

  #enlistDevice(device: DeviceId, grant: Grant, id: EntryId, devices: Map<DeviceId, DeviceState>): void {
    const known = devices.get(device)
    const knownGrant = known && this.#history.grants.get(this.#history.at(known.grant) as number)
    if (knownGrant && (rank(knownGrant.role) > rank(grant.role) || (knownGrant.role === grant.role && knownGrant.depth <= grant.depth))) return
    devices.set(device, { device, member: grant.member, role: grant.role, grant: id })
  }

  #devicesOf(grant: Grant): DeviceId[] {
    const linked = (this.#history.links.get(grant.at) ?? []).map((link) => ((this.#history.entries[link] as MemberEntry).op as OpOf<'link'>).introduction.device)
    return [...new Set([...grant.devices, ...linked])].filter((device) => this.reading.isUsable(device, grant)).sort()
  }
}
