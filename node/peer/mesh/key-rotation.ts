/**
 * Changes the keys by schedule: an epoch that has been in use for so long, or has sealed so much, is followed by a new
 * one. Any writer's node does it that notices first; each looks at moments of its own, so that not all do it at once.
 *
 * Age is counted from when this device first saw the epoch, by its own clock alone: what clocks of others say cannot
 * bring about a rotation. Its own may jump as it likes and makes one an hour at most.
 */
import { readRegister } from '../../../crdt/docs/registers.ts'
import { writers } from '../../../crdt/members/roles.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import * as z from 'zod'
import type { Log } from '../../ports/log.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { RotationSchedule } from '../../ports/services.ts'
import type { Replica } from '../replica/replica.ts'
import { allRows } from '../replica/rows.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const megabyte = 1_000_000
/** After a start, so that what others did meanwhile has come by then. */
const firstLookMs = 10 * 60_000
const lookEveryMs = 6 * hourMs
/** Once the volume is reached. */
const fullLookMs = 5 * 60_000

export const rotationBounds = { days: 3650, megabytes: 1_000_000, entries: 1_000_000_000 } as const
const stored = z.object({
  days: z.number().int().min(1).max(rotationBounds.days),
  megabytes: z.number().int().min(1).max(rotationBounds.megabytes),
  entries: z.number().int().min(1).max(rotationBounds.entries),
})
const use = z.object({ since: z.number(), entries: z.number(), bytes: z.number() })
type Use = z.infer<typeof use>

const useRow = (epoch: string): string => `epoch-use\0${epoch}`
const lastRow = 'epoch-rotated'
const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder()

export class KeyRotation {
  readonly #replica: Replica
  readonly #runtime: Runtime
  readonly #log: Log
  readonly #listening: Disposable
  #timer: Disposable | undefined
  #hurried = false
  #full: { readonly epoch: EntryId; readonly bytes: number; readonly entries: number } | undefined
  #rotatedAt: number | undefined
  #stopped = false

  constructor({ replica, runtime, log }: { readonly replica: Replica; readonly runtime: Runtime; readonly log: Log }) {
    this.#replica = replica
    this.#runtime = runtime
    this.#log = log
    this.#listening = replica.onCommit(({ membership, events }) => {
      // Asked with every commit: what it is compared with is worked out only where that may have changed.
      if (membership || events.registers.some(({ doc, key }) => doc === 'mesh' && key === 'rotation')) this.#aim()
      if (!this.#hurried && this.#isFull()) this.#lookIn(fullLookMs, true)
    })
    this.#aim()
    this.#lookIn(firstLookMs)
  }

  /** What the mesh's stewards wrote, or what holds where they wrote nothing. */
  schedule(): RotationSchedule {
    const [version] = readRegister(this.#replica.store, 'mesh', 'rotation')
    const parsed = version && !version.deleted ? stored.safeParse(JSON.parse(version.value)) : undefined
    return parsed?.success ? parsed.data : { days: limits.epochDays, megabytes: limits.epochMegabytes, entries: limits.epochEntries }
  }

  /** The epoch that is written under, since when this device knows it, and what was sealed under it as far as is known here. */
  use(): (Use & { readonly epoch: EntryId }) | undefined {
    const epoch = this.#epoch()
    return epoch && { epoch, ...this.#useOf(epoch) }
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.[Symbol.dispose]()
    this.#listening[Symbol.dispose]()
    const epoch = this.#replica.mayRead() ? this.#epoch() : undefined
    if (epoch) this.#keep(epoch).catch((error: unknown) => this.#log.debug('epoch_use_not_kept', { why: String(error) }))
  }

  #epoch(): EntryId | undefined {
    const { membership, ledger } = this.#replica
    return membership.now().epochs().find((epoch) => ledger.keyring.has(epoch))
  }

  #useOf(epoch: EntryId): Use {
    const now = this.#runtime.clock.now()
    const row = this.#replica.store.get('meta', useRow(epoch))
    const kept = row && use.safeParse(JSON.parse(fromUtf8.decode(row)))
    const { since, entries, bytes } = kept?.success ? kept.data : { since: now, entries: 0, bytes: 0 }
    const more = this.#replica.ledger.volumes.of(epoch)
    // A clock that went back starts the count anew.
    return { since: Math.min(since, now), entries: entries + more.entries, bytes: bytes + more.bytes }
  }

  /** Why the epoch is to be followed by another; undefined while it is not. */
  #due(epoch: EntryId): string | undefined {
    const { days, megabytes, entries } = this.schedule()
    const used = this.#useOf(epoch)
    if (this.#runtime.clock.now() - used.since >= days * dayMs) return `in use for ${days} days`
    if (used.bytes >= megabytes * megabyte) return `sealed ${megabytes} MB`
    return used.entries >= entries ? `sealed ${entries} entries` : undefined
  }

  /** How much more may be sealed under the epoch in use, counted on from what the replica has counted. */
  #aim(): void {
    const epoch = this.#epoch()
    const used = epoch && this.#useOf(epoch)
    const { megabytes, entries } = this.schedule()
    const counted = epoch && this.#replica.ledger.volumes.of(epoch)
    this.#full = epoch && used && counted && { epoch, bytes: megabytes * megabyte - used.bytes + counted.bytes, entries: entries - used.entries + counted.entries }
  }

  #isFull(): boolean {
    const sealed = this.#full && this.#replica.ledger.volumes.of(this.#full.epoch)
    return sealed !== undefined && this.#full !== undefined && (sealed.bytes >= this.#full.bytes || sealed.entries >= this.#full.entries)
  }

  #lookIn(ms: number, hurry = false): void {
    if (this.#stopped) return
    this.#timer?.[Symbol.dispose]()
    this.#hurried = hurry
    const [high, low] = this.#runtime.random.bytes(2) as unknown as [number, number]
    this.#timer = this.#runtime.timers.after(ms * (0.5 + (high * 256 + low) / 65_536), () => {
      this.#look().catch((error: unknown) => this.#log.warn('rotation_failed', { why: String(error) })).finally(() => this.#lookIn(lookEveryMs))
    })
  }

  async #look(): Promise<void> {
    const epoch = this.#replica.mayRead() ? this.#epoch() : undefined
    if (!epoch) return
    await this.#keep(epoch)
    const self = this.#replica.membership.now().device(this.#replica.identity.device)
    const why = this.#due(epoch)
    if (!self || !writers.has(self.role) || why === undefined || this.#didLately()) return
    // Somebody else may have been first, even while this waited for its turn.
    const isStillDue = (): boolean => this.#epoch() === epoch && this.#replica.membership.now().isWriter(self.device)
    await this.#replica.operate(() => [], { rotate: isStillDue })
    const now = this.#epoch()
    if (now === undefined || now === epoch) return
    this.#rotatedAt = this.#runtime.timers.elapsed()
    this.#log.info('keys_renewed', { epoch: now, why })
    await this.#replica.note([{ table: 'meta', key: lastRow, value: utf8.encode(String(this.#runtime.clock.now())) }])
  }

  /** Within the last hour, by a clock that only grows; after a restart by the one there is. */
  #didLately(): boolean {
    if (this.#rotatedAt !== undefined) return this.#runtime.timers.elapsed() - this.#rotatedAt < hourMs
    const row = this.#replica.store.get('meta', lastRow)
    return row !== undefined && Math.abs(this.#runtime.clock.now() - Number(fromUtf8.decode(row))) < hourMs
  }

  /** Keeps since when the epoch is known and how much it has sealed; of those before it nothing is asked any more. */
  async #keep(epoch: EntryId): Promise<void> {
    const { store, ledger } = this.#replica
    const value = utf8.encode(JSON.stringify(this.#useOf(epoch)))
    const old = [...allRows(store, 'meta', useRow(''))].flatMap(([key]) => (key === useRow(epoch) ? [] : [{ table: 'meta' as const, key, value: undefined }]))
    ledger.volumes.take(epoch)
    await this.#replica.note([{ table: 'meta', key: useRow(epoch), value }, ...old])
    this.#aim()
  }
}
