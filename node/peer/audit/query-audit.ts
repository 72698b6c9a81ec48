/** Answers who did what: a page of entries out of any number, with what each changed. */
import { readEntry } from '../../../crdt/log/entry.ts'
import type { MemberEntry } from '../../../crdt/members/history.ts'
import type { EntryId, LogId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Clock, Timers } from '../../ports/runtime.ts'
import { auditKinds, type AuditChange, type AuditEntry, type AuditKind, type AuditQuery, type Moment } from '../../ports/services.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { contentVoid } from './content-void.ts'
import { changesOf } from './content-words.ts'
import { blockOf, type LogTimes } from './log-times.ts'
import { tellOp, voidReason } from './membership-words.ts'
import { MembershipTimes, walk, type Found, type Place } from './walk.ts'

/** How much is looked at before others get their turn. */
const entriesPerTurn = 128

/** The parts of a mesh that are asked. */
export type AuditedMesh = Pick<RunningMesh, 'replica' | 'names' | 'times'>

export interface AuditAnswer {
  readonly entries: readonly AuditEntry[]
  readonly next: string | null
}

export async function queryAudit(mesh: AuditedMesh, query: AuditQuery, runtime: { readonly clock: Clock; readonly timers: Timers }, progress: (done: number, total: number) => void, signal: AbortSignal): Promise<AuditAnswer> {
  const { replica, times } = mesh
  const turn = async (): Promise<void> => {
    await new Promise<void>((resolve) => runtime.timers.soon(resolve))
    signal.throwIfAborted()
  }
  for (const _ of times.catchUp()) await turn()
  const history = new MembershipTimes(replica.membership)
  const isWanted = filterOf(mesh, query)
  const isOf = (kinds: readonly AuditKind[]): boolean => query.kinds === undefined || [...kinds, ...auditKinds.either].some((kind) => query.kinds?.has(kind))
  const logs = isOf(auditKinds.content) ? [...replica.logs()].filter((log) => log.type === 'content' && isWanted(log)) : []
  const membership = isOf(auditKinds.membership) ? replica.membership.history.entries.flatMap((entry, at) => (isWanted(entry) ? [at] : [])) : []
  const total = logs.reduce((sum, { seq }) => sum + seq, membership.length)
  const moment = (when: Moment): number => ('at' in when ? when.at : runtime.clock.now() - when.ago_ms)
  const found = walk({
    newestFirst: query.newest_first,
    after: query.after === undefined ? undefined : placeOf(query.after as EntryId, mesh, history),
    since: query.since ? moment(query.since) : 0,
    until: query.until ? moment(query.until) : Infinity,
    logs: logs.map(({ log }) => log),
    membership,
  }, times, history)
  const entries: AuditEntry[] = []
  let looked = 0
  for (const one of found) {
    const described = describe(mesh, one)
    if (described && (query.kinds === undefined || described.changes.some(({ kind }) => query.kinds?.has(kind)))) {
      // One more than was asked for is there: so there is something to go on with.
      if (entries.length === query.limit) return { entries, next: entries.at(-1)?.entry ?? null }
      entries.push(described.whole())
    }
    if (++looked % entriesPerTurn === 0) {
      progress(looked, total)
      await turn()
    }
  }
  return { entries, next: null }
}

/** What an entry did, and on being asked whether that has an effect. */
interface Described {
  readonly changes: readonly AuditChange[]
  whole(): AuditEntry
}

function describe(mesh: AuditedMesh, found: Found): Described | undefined {
  const { replica, names } = mesh
  if ('membership' in found) {
    const { id, log, seq, device, ms } = replica.membership.history.entries[found.membership] as MemberEntry
    const changes = [{ ...tellOp(replica.membership, found.membership, names), count: 1 }]
    return { changes, whole: () => ({ entry: id, log, seq, device, by: names.device(device), at: ms, changes, void: voidReason(replica.membership, found.membership, names) }) }
  }
  const read = readEntry(found.content.bytes)
  if (!read.ok) return undefined
  const { entry } = read
  const { id, log, seq, device, clock } = entry
  const changes = changesOf(replica, entry, names)
  return { changes, whole: () => ({ entry: id, log, seq, device, by: names.device(device), at: clock.ms, changes, void: contentVoid(replica, entry, found.content.frontier) }) }
}

/** Whose entries are wanted, and of which log. */
function filterOf({ replica, names }: AuditedMesh, { by, log: typed }: AuditQuery): (one: { readonly device: MemberEntry['device']; readonly log: LogId }) => boolean {
  const member = by === undefined ? undefined : names.find(by)
  return ({ device, log }) => (member === undefined || replica.membership.memberOf(device) === member) && (typed === undefined || log.startsWith(typed) || device.startsWith(typed))
}

function placeOf(id: EntryId, { replica, times }: { readonly replica: RunningMesh['replica']; readonly times: LogTimes }, history: MembershipTimes): Place {
  const at = replica.membership.history.at(id)
  if (at !== undefined) return history.place(at)
  const stored = replica.store.byId(id)
  const row = stored && times.read(stored.log, blockOf(stored.seq)).find(({ seq }) => seq === stored.seq)
  if (!stored || !row) throw new AtollError('entry_unknown', { id })
  return { time: row.time, log: stored.log, seq: row.seq }
}
