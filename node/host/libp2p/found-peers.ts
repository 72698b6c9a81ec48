import type { DeviceId } from '../../../crdt/wire/ids.ts'

/** Who stands behind which code, as all relays together say; told whenever that changes. */
export class FoundPeers {
  readonly #tell: (code: string, peers: readonly DeviceId[]) => void
  readonly #answers = new Map<string, Map<DeviceId, readonly DeviceId[]>>()
  readonly #told = new Map<string, string>()

  constructor(tell: (code: string, peers: readonly DeviceId[]) => void) {
    this.#tell = tell
  }

  /** One relay's answer about a code, which replaces its former one. */
  answer(relay: DeviceId, code: string, peers: readonly DeviceId[]): void {
    const answers = this.#answers.get(code) ?? new Map<DeviceId, readonly DeviceId[]>()
    this.#answers.set(code, answers.set(relay, peers))
    this.#changed(code)
  }

  /** The relay is gone: what it said counts no more. */
  forget(relay: DeviceId): void {
    for (const [code, answers] of this.#answers) if (answers.delete(relay)) this.#changed(code)
  }

  /** Only these codes are of interest from now on. */
  keep(codes: readonly string[]): void {
    const kept = new Set(codes)
    for (const code of [...this.#answers.keys()]) {
      if (kept.has(code)) continue
      this.#answers.delete(code)
      this.#told.delete(code)
    }
  }

  #changed(code: string): void {
    const peers = [...new Set([...(this.#answers.get(code)?.values() ?? [])].flat())].toSorted()
    const text = peers.join()
    if (text === (this.#told.get(code) ?? '')) return
    this.#told.set(code, text)
    this.#tell(code, peers)
  }
}
