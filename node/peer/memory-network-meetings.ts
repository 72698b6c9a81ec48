import { toHex, type DeviceId } from '../../crdt/wire/ids.ts'
import type { Timers } from '../ports/runtime.ts'

export interface MeetingGuest {
  readonly device: DeviceId
  /** Told whenever who stands behind one of its codes has changed. */
  found(code: string, peers: readonly DeviceId[]): void
}

/** The rendezvous of a memory world: peers behind the same code find each other, wherever they are. */
export class Meetings {
  readonly #timers: Timers
  readonly #delayMs: number
  readonly #standing = new Map<MeetingGuest, ReadonlySet<string>>()
  readonly #told = new Map<MeetingGuest, Map<string, string>>()
  #telling = false

  constructor(timers: Timers, delayMs: number) {
    this.#timers = timers
    this.#delayMs = delayMs
  }

  /** Replaces what the guest stood behind; none: it has left. */
  stand(guest: MeetingGuest, codes: readonly Uint8Array[]): void {
    if (codes.length === 0) {
      this.#standing.delete(guest)
      this.#told.delete(guest)
    } else {
      this.#standing.set(guest, new Set(codes.map(toHex)))
    }
    this.#tellSoon()
  }

  behind(code: string, asker: DeviceId): readonly DeviceId[] {
    const found: DeviceId[] = []
    for (const [{ device }, codes] of this.#standing) if (device !== asker && codes.has(code)) found.push(device)
    return found.toSorted()
  }

  #tellSoon(): void {
    if (this.#telling) return
    this.#telling = true
    this.#timers.after(this.#delayMs, () => {
      this.#telling = false
      for (const [guest, codes] of [...this.#standing]) for (const code of codes) this.#tell(guest, code)
    })
  }

  #tell(guest: MeetingGuest, code: string): void {
    const told = this.#told.get(guest) ?? new Map<string, string>()
    this.#told.set(guest, told)
    const peers = this.behind(code, guest.device)
    const text = peers.join()
    if ((told.get(code) ?? '') === text) return
    told.set(code, text)
    guest.found(code, peers)
  }
}
