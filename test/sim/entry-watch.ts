/**
 * Everything that any device of the world ever signed or folded. Rule D4 is checked as it happens: no device signs two
 * entries with one (log, seq), and no nonce is used twice.
 */
import { idOfMessageKey } from '../../crdt/docs/messages.ts'
import { createHash } from 'node:crypto'
import { readEntry } from '../../crdt/log/entry.ts'
import { toHex, type DeviceId, type EntryId, type LogId } from '../../crdt/wire/ids.ts'
import type { Batch } from '../../node/ports/store.ts'

export class EntryWatch {
  /** What broke a rule, in words. */
  readonly breaches: string[] = []
  readonly #places = new Map<string, EntryId>()
  readonly #nonces = new Map<string, EntryId>()
  /** The ids of entries that a device committed of its own, in order. */
  readonly #own = new Map<DeviceId, EntryId[]>()
  /** Messages that a device has opened, ever. */
  readonly #opened = new Map<DeviceId, Set<string>>()
  /** How much of each log a device has held durably, ever. */
  readonly #held = new Map<DeviceId, Map<LogId, number>>()
  readonly #trace = createHash('sha256')

  attempted(device: DeviceId, batch: Batch): void {
    for (const entry of batch.entries) {
      if (entry.device !== device) continue
      const place = `${entry.log}/${entry.seq}`
      const there = this.#places.get(place)
      if (there !== undefined && there !== entry.id) this.breaches.push(`D4: ${device.slice(0, 6)} signed two entries numbered ${entry.seq} of log ${entry.log.slice(0, 6)}`)
      this.#places.set(place, entry.id)
      const read = readEntry(entry.bytes)
      if (!read.ok) this.breaches.push(`D2: ${device.slice(0, 6)} wrote an entry that does not decode: ${read.detail}`)
      else if (read.entry.sealing) this.#nonce(toHex(read.entry.sealing.nonce), entry.id)
    }
  }

  committed(device: DeviceId, batch: Batch): void {
    const own = mapped(this.#own, device, () => [])
    const held = mapped(this.#held, device, () => new Map<string, number>())
    for (const { id, log, seq, device: author } of batch.entries) {
      if (author === device) own.push(id)
      held.set(log, Math.max(seq, held.get(log) ?? 0))
      this.note(`${device.slice(0, 8)} ${id}`)
    }
    for (const { table, key, value } of batch.puts) if (table === 'message' && value) mapped(this.#opened, device, () => new Set()).add(idOfMessageKey(key))
  }

  own(device: DeviceId): readonly EntryId[] {
    return this.#own.get(device) ?? []
  }

  hasOpened(device: DeviceId, message: string): boolean {
    return this.#opened.get(device)?.has(message) === true
  }

  everHeld(device: DeviceId, log: LogId): number {
    return this.#held.get(device)?.get(log) ?? 0
  }

  /** Adds to the trace: equal traces are equal runs. */
  note(text: string): void {
    this.#trace.update(text).update('\n')
  }

  trace(): string {
    return this.#trace.copy().digest('hex')
  }

  #nonce(nonce: string, id: EntryId): void {
    const there = this.#nonces.get(nonce)
    if (there !== undefined && there !== id) this.breaches.push(`D4: the entries ${there.slice(0, 8)} and ${id.slice(0, 8)} share a nonce`)
    this.#nonces.set(nonce, id)
  }
}

function mapped<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const fresh = make()
  map.set(key, fresh)
  return fresh
}
