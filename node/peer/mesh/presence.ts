/**
 * Who is here now, with which sessions: said by whispers every 25 s and whenever it changes, believed for 90 s. It is
 * never stored, so nobody stays as a ghost.
 */
import * as z from 'zod'
import type { Whisper } from '../../../crdt/sync/whisper.ts'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { NatKind, SessionInfo } from '../../ports/services.ts'
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
  /** What this node says about itself. */
  readonly mine: () => { readonly sessions: readonly SessionInfo[]; readonly addresses: readonly string[]; readonly nat: NatKind }
  /** With whom there is a session. */
  readonly neighbours: () => Iterable<DeviceId>
  readonly onAddresses: (device: DeviceId, addresses: readonly string[]) => void
}

export class Presence {
  readonly #needs: PresenceNeeds
  readonly #seen = new Map<DeviceId, Seen>()
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
    this.#say({ going: false, to: newcomer })
    if ([...this.#needs.neighbours()].length > 1) return
    this.#timer?.[Symbol.dispose]()
    this.#timer = this.#needs.runtime.timers.after(firstMs, () => this.announce())
  }

  stop(): void {
    if (this.#stopped) return
    this.#say({ going: true })
    this.#stopped = true
    this.#timer?.[Symbol.dispose]()
  }

  /** A neighbour handed over what a member says of itself: it is believed and passed on. */
  hear(whisper: Whisper, bytes: Uint8Array, from: DeviceId): void {
    const said = parse(whisper.plain)
    if (!said) return
    const near = said.near ? new Set(said.near) : (this.#seen.get(whisper.device)?.near ?? new Set())
    if (said.near) {
      // In a full mesh nobody passes anything on; where some see only some, it goes on to those the author does not see.
      this.#needs.whispers.passOn(bytes, (remote) => remote === from || remote === whisper.device || near.has(remote.slice(0, nearLength)))
    }
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
    const { whispers, mine, neighbours } = this.#needs
    const near = to === undefined ? [...neighbours()].slice(0, 1024).map((device) => device.slice(0, nearLength)) : undefined
    const skip = (remote: DeviceId): boolean => to !== undefined && remote !== to
    const said = { ...mine(), clock: this.#needs.runtime.clock.now(), going }
    // Where all that is too long, those who stand near are left out.
    if (!whispers.say(asBytes({ ...said, near }), skip) && near) whispers.say(asBytes({ ...said, near: [] }), skip)
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
