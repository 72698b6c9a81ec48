/**
 * Who is here now, with which sessions: said by whispers every 25 s and whenever it changes, believed for 90 s. It is
 * never stored, so nobody stays as a ghost. What is not for everybody is sealed for those whom it is for, from the first
 * word: somebody whom this device has not heard of yet may hold the key of the epoch.
 */
import * as z from 'zod'
import type { Said } from '../../../crdt/sync/whisper-to-some.ts'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { NatKind, SessionInfo } from '../../ports/services.ts'
import type { PresenceAudience, Shows } from './presence-audiences.ts'
import type { Whispers } from './whispers.ts'

const leaseMs = 90_000
const everyMs = 25_000
/** After the first session stands: those beyond it, whom no session of ours reaches, hear of us too. */
const firstMs = 1_000
const nearLength = 8

const line = z.string().max(512)
const session = z.object({
  session: z.string().max(128),
  name: z.string().max(128),
  role: line.nullable(),
  groups: z.array(z.string().max(128)).max(32),
  status: z.enum(['idle', 'working', 'dnd']),
  summary: line.nullable(),
  machine: line.nullable(),
  directory: line.nullable(),
  agent: line.nullable(),
  since: z.number(),
})
const presence = z.object({
  sessions: z.array(session).max(16),
  addresses: z.array(z.string().max(limits.addressBytes)).max(16),
  going: z.boolean(),
  /** What stands between the author and the world. */
  nat: z.enum(['none', 'ordinary', 'symmetric', 'udp-blocked', 'unknown']).catch('unknown').optional(),
  /** The author's wall clock, milliseconds since 1970. */
  clock: z.number().optional(),
  /** Beginnings of the ids of devices that were told by the author itself. Missing: it is for the hearer alone. */
  near: z.array(z.string().max(nearLength)).max(1024).optional(),
})

interface Seen {
  readonly sessions: readonly SessionInfo[]
  /** Beginnings of the ids of its neighbours, when it last said them. */
  readonly near: ReadonlySet<string>
  /** By the monotonic clock. */
  readonly at: number
  /** Wall time here. */
  readonly on: number
  readonly nat: NatKind
  /** How far its clock was ahead of ours, the way included. */
  readonly clockAheadMs: number | null
}

export interface PresenceNeeds {
  readonly runtime: Runtime
  readonly whispers: Whispers
  /** What this node says about itself to those who may see this. */
  readonly mine: (shows: Shows) => { readonly sessions: readonly SessionInfo[]; readonly addresses: readonly string[]; readonly nat: NatKind }
  /** With whom there is a session. */
  readonly neighbours: () => Iterable<DeviceId>
  readonly audiences: () => readonly PresenceAudience[]
  /** Who hears what is for everybody: 'all' who hold the mesh's keys, or, where this device holds none (a mirror), each by itself. */
  readonly everybody: () => readonly DeviceId[] | 'all'
  /** Those to whom this device is to look offline. */
  readonly blocked: () => readonly DeviceId[]
  /** Whether it is one of them: then nothing is heard of it either. */
  readonly blocks: (device: DeviceId) => boolean
  readonly onAddresses: (device: DeviceId, addresses: readonly string[]) => void
}

export class Presence {
  readonly #needs: PresenceNeeds
  readonly #seen = new Map<DeviceId, Seen>()
  /** Newcomers whom the mesh, as it is known here, did not have yet when they came. */
  readonly #ungreeted = new Set<DeviceId>()
  #timer: Disposable | undefined
  #stopped = false

  constructor(needs: PresenceNeeds) {
    this.#needs = needs
  }

  /** Says who is here, now and from time to time. */
  announce(): void {
    if (this.#stopped) return
    this.#timer?.[Symbol.dispose]()
    this.#say({ going: false })
    this.#timer = this.#needs.runtime.timers.after(everyMs, () => this.announce())
  }

  /** Tells a newcomer who is here; nobody else, who have been told. */
  greet(newcomer: DeviceId): void {
    if (this.#stopped) return
    this.#ungreeted.delete(newcomer)
    this.#say({ going: false, to: newcomer })
    if ([...this.#needs.neighbours()].length > 1) return
    this.#timer?.[Symbol.dispose]()
    this.#timer = this.#needs.runtime.timers.after(firstMs, () => this.announce())
  }

  /** Others may see something else of us than before, or are known now. */
  audienceChanged(): void {
    for (const device of this.#needs.blocked()) this.#seen.delete(device)
    for (const device of [...this.#ungreeted]) this.greet(device)
  }

  /** To these this device goes, as if it stopped. */
  leave(devices: readonly DeviceId[]): void {
    const near = new Set(this.#needs.neighbours())
    this.#needs.whispers.sayTo(devices.filter((device) => near.has(device)), asBytes({ sessions: [], addresses: [], going: true }), near)
  }

  stop(): void {
    if (this.#stopped) return
    this.#say({ going: true })
    this.#stopped = true
    this.#timer?.[Symbol.dispose]()
  }

  /** A neighbour handed over what a member says of itself: it is believed and passed on. */
  hear(whisper: Said, bytes: Uint8Array, from: DeviceId): void {
    const said = parse(whisper.plain)
    if (!said) return
    const near = said.near ? new Set(said.near) : (this.#seen.get(whisper.device)?.near ?? new Set())
    if (said.near) {
      // In a full mesh nobody passes anything on; where some see only some, it goes on to those the author does not see.
      this.#needs.whispers.passOn(bytes, (remote) => remote === from || remote === whisper.device || near.has(remote.slice(0, nearLength)))
    }
    if (this.#needs.blocks(whisper.device)) return
    const { timers, clock } = this.#needs.runtime
    if (said.going) this.#seen.delete(whisper.device)
    else this.#seen.set(whisper.device, { sessions: said.sessions, near, at: timers.elapsed(), on: clock.now(), nat: said.nat ?? 'unknown', clockAheadMs: said.clock === undefined ? null : said.clock - clock.now() })
    if (!said.going) this.#needs.onAddresses(whisper.device, said.addresses)
  }

  isHere(device: DeviceId): boolean {
    const seen = this.#seen.get(device)
    return seen !== undefined && this.#needs.runtime.timers.elapsed() - seen.at <= leaseMs
  }

  /** Whether an author said lately that it has a session with another device. */
  hears(remote: DeviceId, author: DeviceId): boolean {
    return this.isHere(author) && this.#seen.get(author)?.near.has(remote.slice(0, nearLength)) === true
  }

  sessions(device: DeviceId): readonly SessionInfo[] {
    return this.isHere(device) ? (this.#seen.get(device)?.sessions ?? []) : []
  }

  /** What stood between a device and the world when it was heard last. */
  nat(device: DeviceId): NatKind {
    return this.#seen.get(device)?.nat ?? 'unknown'
  }

  /** How far a device's clock was ahead of ours when it was heard last, milliseconds; null: it never said. */
  clockAhead(device: DeviceId): number | null {
    return this.#seen.get(device)?.clockAheadMs ?? null
  }

  lastSeen(device: DeviceId): number | null {
    return this.#seen.get(device)?.on ?? null
  }

  #say({ going, to }: { readonly going: boolean; readonly to?: DeviceId }): void {
    const { mine, neighbours, audiences, blocked, everybody } = this.#needs
    const near = new Set(neighbours())
    // Those whom we block are listed as if they had been told, so that nobody passes it on to them.
    const told = to === undefined ? [...near, ...blocked()].slice(0, 1024).map((device) => device.slice(0, nearLength)) : undefined
    const nothing = { machine: false, directory: false }
    if (blocked().length === 0 && mine(nothing).sessions.length === 0) {
      const hearers = everybody()
      return this.#sayTo(hearers === 'all' || to === undefined ? hearers : [to], nothing, going, told, to, near)
    }
    const all = audiences()
    const meant = to === undefined ? all : all.filter(({ devices }) => devices.includes(to)).map((audience) => ({ ...audience, devices: [to] }))
    for (const { devices, ...shows } of meant) this.#sayTo(devices, shows, going, told, to, near)
    if (to !== undefined && meant.length === 0) this.#ungreeted.add(to)
  }

  #sayTo(devices: readonly DeviceId[] | 'all', shows: Shows, going: boolean, near: readonly string[] | undefined, to: DeviceId | undefined, neighbours: ReadonlySet<DeviceId>): void {
    const { whispers, mine, runtime } = this.#needs
    const said = { ...mine(shows), clock: runtime.clock.now(), going }
    const send = (plain: Uint8Array): boolean => (devices === 'all' ? whispers.say(plain, (remote) => to !== undefined && remote !== to) : whispers.sayTo(devices, plain, neighbours))
    // Where all that is too long, those who stand near are left out.
    if (!send(asBytes({ ...said, near })) && near) send(asBytes({ ...said, near: [] }))
  }
}

const asBytes = (said: object): Uint8Array => new TextEncoder().encode(JSON.stringify(said))

function parse(plain: Uint8Array): z.infer<typeof presence> | undefined {
  try {
    return presence.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plain)))
  } catch {
    // A peer's whisper that is not what we understand is no presence; there is nobody to tell.
    return undefined
  }
}
