/**
 * Tells of members coming and going and of changed keys and policies, once for each entry, when it becomes known here, and
 * of who asks to be let in. Nothing is written for it: what is told is read off the signed entries, and `audit query` shows
 * the same at any time.
 */
import type { MemberEntry } from '../../../crdt/members/history.ts'
import type { DeviceId, EntryId } from '../../../crdt/wire/ids.ts'
import type { Log } from '../../ports/log.ts'
import type { Timers } from '../../ports/runtime.ts'
import type { AuditKind, Notice } from '../../ports/services.ts'
import { tellOp, voidReason } from '../audit/membership-words.ts'
import { undone } from '../audit/undone.ts'
import type { JoinRequests } from '../join/requests.ts'
import type { FoldEvents } from '../replica/folder.ts'
import type { Replica } from '../replica/replica.ts'
import type { Confirmations } from './confirmations.ts'
import type { Names } from './names.ts'

/** The name of who came in is content, and follows; a removal and its new keys are told of together. */
const pauseMs = 2_000
/** Who comes back after a year is told of the newest. */
const toldAtMost = 20
const announced: ReadonlySet<AuditKind> = new Set(['admitted', 'role_given', 'device_linked', 'removed', 'device_removed', 'left', 'keys_changed', 'sealing_key_changed', 'exception_made', 'profile_policy_set'])

export class Announcements {
  readonly #replica: Replica
  readonly #names: Names
  readonly #requests: JoinRequests
  readonly #confirmations: Confirmations
  readonly #timers: Timers
  readonly #log: Log
  readonly #listening: Disposable
  readonly #watchers = new Set<(notice: Notice) => void>()
  #waiting: EntryId[] = []
  #asking: DeviceId[] = []
  #wrongKeys: FoldEvents['wrongKeys'][number][] = []
  #timer: Disposable | undefined

  constructor({ replica, names, requests, confirmations, timers, log }: { readonly replica: Replica; readonly names: Names; readonly requests: JoinRequests; readonly confirmations: Confirmations; readonly timers: Timers; readonly log: Log }) {
    this.#replica = replica
    this.#names = names
    this.#requests = requests
    this.#confirmations = confirmations
    this.#timers = timers
    this.#log = log
    this.#listening = replica.onCommit(({ membership, entries, events }) => {
      for (const said of events.wrongKeys) this.#wrongKeys.push(said)
      if (events.wrongKeys.length > 0) this.#timer ??= this.#timers.after(pauseMs, () => this.#tell())
      if (!membership) return
      const fresh = entries.map(({ id }) => id).filter((id) => replica.membership.has(id))
      if (fresh.length === 0) return
      this.#waiting.push(...fresh)
      this.#soon()
    })
    requests.watch((device) => {
      this.#asking.push(device)
      this.#soon()
    })
  }

  watch(on: (notice: Notice) => void): Disposable {
    this.#watchers.add(on)
    return { [Symbol.dispose]: () => void this.#watchers.delete(on) }
  }

  /** What was still to be told is told to the log. */
  stop(): void {
    this.#listening[Symbol.dispose]()
    this.#watchers.clear()
    this.#tell()
  }

  #soon(): void {
    this.#timer ??= this.#timers.after(pauseMs, () => this.#tell())
  }

  #tell(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    const { membership } = this.#replica
    const fresh = this.#waiting.splice(0)
    const told = fresh.flatMap((entry): Notice['entries'][number][] => {
      const at = membership.history.at(entry)
      if (at === undefined) return []
      const { kind, text } = tellOp(membership, at, this.#names)
      const { device, ms, op } = membership.history.entries[at] as MemberEntry
      const isUnconfirmed = op.type === 'admit' && !this.#confirmations.has(op.member)
      return announced.has(kind) ? [{ entry, by: this.#names.device(device), text: isUnconfirmed ? `${text}, unconfirmed` : text, at: ms, void: voidReason(membership, at, this.#names) }] : []
    })
    if (fresh.length > 0) told.push(...this.#tellUndone(new Set(fresh)))
    told.push(...this.#wrongKeys.splice(0).map((said) => this.#tellWrongKey(said)))
    const asking = new Set(this.#asking.splice(0).slice(-toldAtMost))
    // What they want to be called is a stranger's text, which wakes no agent.
    const requests = asking.size === 0 ? [] : this.#requests.list(asking).map(({ device, number }) => ({ request: device, number }))
    if (told.length === 0 && requests.length === 0) return
    for (const one of told) this.#log.info('membership', { by: one.by, did: one.text, entry: one.entry, void: one.void })
    const notice: Notice = { mesh_name: this.#names.mesh(), entries: told.slice(-toldAtMost), more: Math.max(0, told.length - toldAtMost), requests }
    for (const on of this.#watchers) on(notice)
  }

  /** Once for each removal that undid something that was new, or is new itself. Whoever asks for the list may see it. */
  #tellUndone(fresh: ReadonlySet<EntryId>): Notice['entries'] {
    const byRemoval = new Map<string, { by: string; removed: string; did: string[] }>()
    for (const { by, did, undone_by, repeated } of undone({ replica: this.#replica, names: this.#names }, fresh)) {
      for (const cause of repeated ? [] : undone_by) {
        const known = byRemoval.get(cause.entry) ?? { by: cause.by, removed: cause.did, did: [] }
        known.did.push(`${by} ${did}`)
        byRemoval.set(cause.entry, known)
      }
    }
    return [...byRemoval].map(([entry, { by, removed, did }]) => {
      const { history } = this.#replica.membership
      const more = did.length > 3 ? `, and ${did.length - 3} more` : ''
      return { entry, by, text: `${removed}, which undid: ${did.slice(0, 3).join('; ')}${more}. \`atoll audit undone\` says how to repeat it`, at: history.entries[history.at(entry as EntryId) ?? -1]?.ms ?? 0, void: null }
    })
  }

  /** Who handed it out is named; that it did not fit is the word of who got it. */
  #tellWrongKey({ by, origin }: FoldEvents['wrongKeys'][number]): Notice['entries'][number] {
    const { history } = this.#replica.membership
    const handedBy = history.entries[history.at(by) ?? -1]
    const teller = this.#names.device(origin.device)
    return { entry: origin.entry, by: handedBy ? this.#names.device(handedBy.device) : '', text: `handed ${teller} another key than it had committed to, as ${teller} says`, at: origin.clock.ms, void: null }
  }
}
