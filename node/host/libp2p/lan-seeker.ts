import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Acquaintance } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { AddressBook } from './address-book.ts'
import type { Connections } from './connections.ts'
import { pause } from './deadline.ts'
import { Lan, type LanParts } from './lan.ts'

/** While somebody is missing, it is asked after these times; then every so often. Milliseconds. */
const askAfterMs = [0, 1_000, 3_000, 10_000, 30_000, 60_000] as const

/** A joiner listens for so long after it asked. */
const joiningMs = 10_000

/** Who is near answers in these times. */
const nearbyMs = [600, 900] as const

export interface LanSeekerParts extends Omit<LanParts, 'onHeard' | 'runtime'> {
  readonly runtime: Runtime
  readonly book: AddressBook
  readonly connections: Connections
  readonly acquaintance: () => Acquaintance
  /** Whether discovery is allowed. */
  readonly allowed: () => boolean
  /** Whether this node is in a mesh, and so has anybody to be found by. */
  readonly inMesh: () => boolean
  /** An acquaintance is near: where, the address book knows. */
  readonly onNearby: (device: DeviceId) => void
}

/** Looks on the local network for those whom this node knows and has no direct connection to. */
export class LanSeeker implements Disposable {
  readonly #parts: LanSeekerParts
  #lan: Lan | undefined
  #asked = 0
  #askAt = -Infinity
  #missing = ''
  #openUntil = -Infinity

  constructor(parts: LanSeekerParts) {
    this.#parts = parts
  }

  /** The machine woke or moved: who is near may have changed. */
  retry(): void {
    // Its sockets belong to the interfaces that there were.
    this[Symbol.dispose]()
    this.#askAnew()
  }

  tick(): void {
    const { allowed, inMesh, runtime } = this.#parts
    if (!allowed() || (!inMesh() && runtime.timers.elapsed() > this.#openUntil)) return this[Symbol.dispose]()
    const lan = this.#open()
    const missing = this.#missed()
    if (missing !== this.#missing) this.#askAnew()
    this.#missing = missing
    const now = runtime.timers.elapsed()
    if (missing === '' || now < this.#askAt) return
    this.#asked++
    this.#askAt = now + (askAfterMs[Math.min(this.#asked, askAfterMs.length - 1)] as number)
    lan.ask()
  }

  /** Asks who is near, whoever it is, for a joiner who knows nobody yet. Where they are, the address book knows from then on. */
  async nearby(signal: AbortSignal): Promise<readonly DeviceId[]> {
    const { timers } = this.#parts.runtime
    if (!this.#parts.allowed()) return []
    this.#openUntil = timers.elapsed() + joiningMs
    // Twice, since a packet may be lost.
    for (const ms of nearbyMs) {
      this.#open().ask()
      await pause(timers, ms, signal)
    }
    const heard = [...(this.#lan?.heard() ?? [])].toReversed()
    for (const [device, addresses] of heard) this.#parts.book.learn(device, addresses)
    return heard.map(([device]) => device)
  }

  [Symbol.dispose](): void {
    this.#lan?.[Symbol.dispose]()
    this.#lan = undefined
  }

  #askAnew(): void {
    this.#asked = 0
    this.#askAt = -Infinity
  }

  #open(): Lan {
    const { book, acquaintance, onNearby } = this.#parts
    this.#lan ??= new Lan({
      ...this.#parts,
      onHeard: (device, addresses) => {
        // Anybody may answer for anybody: only who we look for is believed, and the handshake says whether it is true.
        if (acquaintance().has(device) && book.learn(device, addresses)) onNearby(device)
      },
    })
    return this.#lan
  }

  #missed(): string {
    const { acquaintance, connections } = this.#parts
    const far = (device: DeviceId): boolean => [undefined, 'relayed'].includes(connections.best(device)?.path)
    return [...acquaintance().all()].filter(far).join()
  }
}
