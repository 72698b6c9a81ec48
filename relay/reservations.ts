import type { RelayClock } from './relay-clock.ts'
import type { RelayLimits } from './relay-limits.ts'

interface Reservation {
  readonly address: string | undefined
  readonly expiresAt: number
}

export type Reserved = { readonly ok: true; readonly expiresAt: number } | { readonly ok: false; readonly reason: 'reservations_full' | 'reservations_per_address' }

/**
 * Who may be reached through this relay. A peer holds one reservation however often it asks, and loses it with
 * its last connection or when it expires, whichever is first, so those who left never fill the table.
 */
export class Reservations {
  readonly #limits: RelayLimits
  readonly #clock: RelayClock
  readonly #byPeer = new Map<string, Reservation>()
  readonly #perAddress = new Map<string, number>()

  constructor(limits: RelayLimits, clock: RelayClock) {
    this.#limits = limits
    this.#clock = clock
  }

  get size(): number {
    return this.#byPeer.size
  }

  /** @param address what the peer is counted under, or undefined if it is exempt */
  reserve(peer: string, address: string | undefined): Reserved {
    const former = this.#byPeer.get(peer)
    if (former === undefined && this.#byPeer.size >= this.#limits.reservations) this.sweep()
    if (former === undefined && this.#byPeer.size >= this.#limits.reservations) return { ok: false, reason: 'reservations_full' }
    const others = address === undefined ? 0 : (this.#perAddress.get(address) ?? 0) - (former?.address === address ? 1 : 0)
    if (others >= this.#limits.reservationsPerAddress) return { ok: false, reason: 'reservations_per_address' }
    this.drop(peer)
    const expiresAt = this.#clock.now() + this.#limits.reservationMs
    this.#byPeer.set(peer, { address, expiresAt })
    if (address !== undefined) this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1)
    return { ok: true, expiresAt }
  }

  has(peer: string): boolean {
    const found = this.#byPeer.get(peer)
    return found !== undefined && found.expiresAt > this.#clock.now()
  }

  drop(peer: string): void {
    const former = this.#byPeer.get(peer)
    if (former === undefined) return
    this.#byPeer.delete(peer)
    if (former.address === undefined) return
    const left = (this.#perAddress.get(former.address) ?? 1) - 1
    if (left === 0) this.#perAddress.delete(former.address)
    else this.#perAddress.set(former.address, left)
  }

  /** Forgets what has expired. */
  sweep(): void {
    for (const peer of this.#byPeer.keys()) if (!this.has(peer)) this.drop(peer)
  }
}
