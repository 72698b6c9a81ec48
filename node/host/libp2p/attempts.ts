import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { PathAttempt } from '../../ports/services.ts'

const attemptsPerPeer = 16
const peersKept = 1024

/** What was tried towards each peer and failed, newest first: what `explain path` tells. One line per address. */
export class Attempts {
  readonly #byPeer = new Map<DeviceId, readonly PathAttempt[]>()

  record(device: DeviceId, attempt: PathAttempt): void {
    const others = this.of(device).filter(({ address }) => address !== attempt.address)
    this.#byPeer.delete(device)
    this.#byPeer.set(device, [attempt, ...others].slice(0, attemptsPerPeer))
    if (this.#byPeer.size <= peersKept) return
    for (const oldest of this.#byPeer.keys()) {
      this.#byPeer.delete(oldest)
      break
    }
  }

  /** The address works now: what failed there before is of no interest any more. */
  worked(device: DeviceId, address: string): void {
    const left = this.of(device).filter((attempt) => attempt.address !== address)
    this.#byPeer.set(device, left)
  }

  of(device: DeviceId): readonly PathAttempt[] {
    return this.#byPeer.get(device) ?? []
  }
}
