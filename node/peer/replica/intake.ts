/** Judges runs of entries that a peer sent, and places what belongs. */
import { noMesh, type Verify } from '../../../crdt/crypto/sign.ts'
import { verifyRange, type ChainProblem, type Head } from '../../../crdt/log/chain.ts'
import { meshTag, readEntry, verifyEntry, type Entry, type EntryProblem } from '../../../crdt/log/entry.ts'
import type { EntryId, LogId, MeshId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { MeshStore } from '../../ports/store.ts'
import type { Staging } from '../staging.ts'
import type { FoldEvents } from './folder.ts'
import type { Ledger } from './ledger.ts'

const utf8 = new TextEncoder()

/** What became of a run. */
export interface Intake {
  readonly log: LogId | undefined
  /** Where the run ends: so much of the log its sender holds, whatever we made of it. */
  readonly end: Pick<Entry, 'type' | 'device' | 'seq' | 'id'> | undefined
  /** How many of its entries were new and were placed. */
  readonly placed: number
  /** Something before it is missing here: ask again when more has come. */
  readonly waiting: boolean
  /** Only a faulty or hostile peer sends this. */
  readonly problem: EntryProblem | ChainProblem | 'empty' | 'too_many_logs' | undefined
  /** Why the log's next entry was refused for good, whoever sends it. */
  readonly refused: string | undefined
  /** Two entries with one seq: kept as evidence. */
  readonly fork: boolean
  /** What it waits for, where that is known: entries that its sender holds, or had when it placed them. */
  readonly missing: readonly EntryId[]
}

const nothing: Intake = { log: undefined, end: undefined, placed: 0, waiting: false, problem: undefined, refused: undefined, fork: false, missing: [] }

export interface IntakeNeeds {
  readonly mesh: MeshId
  readonly ledger: Ledger
  readonly store: MeshStore
  readonly verify: Verify
}

/** @param run entries of one log in order, as bytes; their last is signed for by its own signature */
export function takeRun(run: readonly Uint8Array[], { mesh, ledger, store, verify }: IntakeNeeds, staging: Staging, events: FoldEvents): Intake {
  const entries: Entry[] = []
  for (const bytes of run) {
    const read = readEntry(bytes)
    if (!read.ok) return { ...nothing, problem: read.problem }
    entries.push(read.entry)
  }
  const first = entries[0]
  if (!first) return { ...nothing, problem: 'empty' }
  const { type, device, seq, id } = entries.at(-1) as Entry
  const about = { ...nothing, log: first.log, end: { type, device, seq, id } }
  // Before anything is filtered out: behind known entries of one log could stand one that another device signed.
  if (entries.some((entry) => entry.log !== first.log || entry.type !== first.type)) return { ...about, problem: 'wrong_log' }
  if (entries.some((entry) => entry.device !== first.device)) return { ...about, problem: 'wrong_device' }
  const known = ledger.logs.get(first.log)
  if (known && (known.device !== first.device || known.type !== first.type)) return { ...about, problem: 'wrong_device' }
  if (known?.refused !== undefined || (known?.forked && known.type === 'content')) return about
  if (!known && ledger.logs.size >= limits.logsPerMesh) return { ...about, problem: 'too_many_logs' }

  const clash = entries.findIndex((entry) => known && entry.seq <= known.seq && (idAt(entry.log, entry.seq) ?? entry.id) !== entry.id)
  if (clash >= 0) return keepEvidence(entries.slice(clash), about)
  const news = known ? entries.filter((entry) => entry.seq > known.seq) : entries
  const next = news[0]
  if (!next) return about
  if (next.seq > (known?.seq ?? 0) + 1) {
    // Beyond the end of ours: mostly what comes between is on its way. It may be a piece of a branch that is longer than ours.
    if (known && next.previous && ledger.branches.with(next.previous)) return keepEvidence(news, about)
    return { ...about, waiting: true, missing: known && next.previous ? [next.previous] : [] }
  }
  // The right seq on another predecessor: the device signed another entry where ours stands.
  if (known && next.previous !== known.id) return keepEvidence(news, about)
  if (known?.forked) return about
  const founding = next.type === 'membership' && next.id === mesh
  const signedFor = founding ? noMesh : mesh
  const wrong = founding && news.length > 1
    ? (verifyRange(signedFor, meshTag(signedFor), undefined, [next], verify) ?? verifyRange(mesh, meshTag(mesh), next, news.slice(1), verify))
    : verifyRange(signedFor, meshTag(signedFor), known, news, verify)
  if (wrong) return { ...about, problem: wrong.problem }
  return place(news)

  /** What stands there, committed or placed by an earlier run of the same commit. */
  function idAt(log: LogId, seq: number): EntryId | undefined {
    return store.idAt(log, seq) ?? staging.entries.findLast((staged) => staged.log === log && staged.seq === seq)?.id
  }

  function place(all: readonly Entry[]): Intake {
    const last = all.length - 1
    for (const [i, entry] of all.entries()) {
      // Only the last one's signature was checked; what is sent on must end with such an entry.
      const done = entry.type === 'membership' ? ledger.placeMembership(entry, i === last, staging, events) : ledger.placeContent(entry, i === last, staging, events)
      if (done === 'placed') continue
      vouchForEnd(all[i - 1])
      if (done === 'missing') return { ...about, placed: i, waiting: true, missing: ledger.missing(entry) }
      refuse(entry, done.refused)
      return { ...about, placed: i, refused: done.refused }
    }
    return { ...about, placed: all.length }
  }

  /** A run that ends early ends with an entry whose own signature has to hold, or it could not be passed on. */
  function vouchForEnd(end: Entry | undefined): void {
    const staged = staging.entries.at(-1)
    if (end && staged?.id === end.id && verifyEntry(end.id === mesh ? noMesh : mesh, end, verify)) staging.entries[staging.entries.length - 1] = { ...staged, vouched: true }
  }

  function refuse(entry: Entry, why: string): void {
    const state = ledger.logs.get(entry.log)
    if (!state) return
    state.refused = why
    staging.put('meta', `refused\0${entry.log}`, utf8.encode(why))
  }

  /** @param run stands where another entry of ours does, or on one that does */
  function keepEvidence(run: readonly Entry[], result: Intake): Intake {
    const start = run[0] as Entry
    const before = start.seq === 1 ? undefined : idAt(start.log, start.seq - 1)
    const after: Head | undefined = before && { seq: start.seq - 1, id: before }
    let branch = run
    if (start.seq > 1 && start.previous !== before) {
      // Its branch parts from ours further down.
      const known = start.previous && ledger.branches.with(start.previous)
      if (!known) return { ...result, waiting: true, fork: true, missing: start.previous ? [start.previous] : [] }
      branch = [...known.slice(0, known.findIndex(({ id }) => id === start.previous) + 1), ...run]
    }
    const base = branch === run ? after : branch.at(-run.length - 1)
    const wrong = verifyRange(mesh, meshTag(mesh), base, run, verify)
    if (wrong) return { ...result, problem: wrong.problem }
    const first = branch[0] as Entry
    if (ledger.branches.add(branch)) staging.evidence.push({ log: first.log, seq: first.seq, run: branch.map((entry) => entry.bytes) })
    const state = ledger.logs.get(start.log)
    if (state) state.forked = true
    return { ...result, fork: true }
  }
}
