/**
 * Verifies everything that is held of a mesh anew, from the bytes in the store: every hash, chain and signature, and
 * for each entry whether its author was allowed to write it. Nothing that an earlier run noted is believed.
 */
import { noMesh, verify } from '../../../crdt/crypto/sign.ts'
import { meshTag, readEntry, verifyEntry, type Entry } from '../../../crdt/log/entry.ts'
import { Membership } from '../../../crdt/members/membership.ts'
import type { MemberEntry } from '../../../crdt/members/history.ts'
import type { EntryId } from '../../../crdt/wire/ids.ts'
import type { AuditReport } from '../../ports/services.ts'
import type { Timers } from '../../ports/runtime.ts'
import { falseTellings } from './false-tellings.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { wrongKeys } from '../mesh/wrong-keys.ts'
import type { LogState } from '../replica/logs.ts'

const pageBytes = 200 * 1024
const problemsListed = 100
const operationsPerTurn = 64

type Problem = AuditReport['problems'][number]
/** Whose entry it is, and where it stands. */
type Place = Pick<Problem, 'entry' | 'log' | 'seq'> & { readonly device: LogState['device'] }

interface Findings {
  found(where: Place, at: number, problem: string): void
}

export async function verifyAudit({ replica, names }: Pick<RunningMesh, 'replica' | 'names'>, timers: Timers, progress: (done: number, total: number) => void, signal: AbortSignal): Promise<AuditReport> {
  const logs = [...replica.logs()]
  const { history } = replica.membership
  const total = logs.reduce((sum, { seq }) => sum + seq, history.size)
  const problems: Problem[] = []
  const findings: Findings = {
    found({ entry, log, seq, device }, at, problem) {
      if (problems.length < problemsListed) problems.push({ entry, log, seq, device, by: names.device(device), at, problem })
    },
  }
  let done = 0
  const turn = async (more: number): Promise<void> => {
    progress((done += more), total)
    await new Promise<void>((resolve) => timers.soon(resolve))
    signal.throwIfAborted()
  }
  for (const read of judgeMembership(replica.membership, findings)) await turn(read)
  for (const { id, log, seq, device, ms, problem } of wrongKeysGiven(replica, names)) findings.found({ entry: id, log, seq, device }, ms, problem)
  for (const { telling: { id, log, seq, device, clock }, register } of falseTellings(replica)) findings.found({ entry: id, log, seq, device }, clock.ms, `tells newcomers of ${register.replace('\0', ' ')} what nobody wrote`)
  let entries = 0
  for (const state of logs) {
    for (const read of verifyLog(replica, state, findings)) {
      entries += read
      await turn(read)
    }
  }
  for (const { opened, uses, admitted } of replica.membership.now().overused()) {
    const invite = history.entries[history.at(opened) ?? -1]
    if (invite) findings.found({ ...invite, entry: invite.id }, invite.ms, `was made for ${uses} and let in ${admitted.length}`)
  }
  problems.sort((a, b) => a.at - b.at || a.seq - b.seq)
  const membership = logs.filter(({ type }) => type === 'membership').reduce((sum, { seq }) => sum + seq, 0)
  return { ok: problems.length === 0, entries, logs: logs.length, signatures: entries, membership, problems }
}

/** Judges every membership operation again (rule T3), in the order in which they were placed. */
function* judgeMembership(held: Membership, { found }: Findings): Generator<number> {
  const anew = new Membership(held.mesh, verify)
  for (const [at, entry] of held.history.entries.entries()) {
    const before = held.refusals.get(entry.id)
    // What is no operation of any version has no effect, whoever wrote it.
    const isOperation = entry.op.type === 'found' || entry.op.grant !== entry.id
    const refusal = isOperation ? anew.add(entry) : before
    if (!isOperation) anew.addVoid(entry, before ?? 'not an operation')
    if (refusal !== undefined) found({ ...entry, entry: entry.id }, entry.ms, `has no effect: ${refusal}`)
    if (refusal !== undefined && before === undefined) found({ ...entry, entry: entry.id }, entry.ms, 'is held as if it had an effect')
    if (refusal === undefined && before !== undefined) found({ ...entry, entry: entry.id }, entry.ms, `is held as if it had no effect: ${before}`)
    if (at % operationsPerTurn === operationsPerTurn - 1) yield operationsPerTurn
  }
}

/** Rotations and shares that held another key than was committed to: seen here, or as other devices say. */
function* wrongKeysGiven(replica: RunningMesh['replica'], names: RunningMesh['names']): Generator<MemberEntry & { readonly problem: string }> {
  const { membership: { history }, ledger: { keyring }, identity } = replica
  for (const [at, entry] of history.entries.entries()) {
    const { op } = entry
    const rotation = op.type === 'rotate' ? op : op.type === 'share' ? history.entries[history.at(op.epoch) ?? -1]?.op : undefined
    if ((op.type !== 'rotate' && op.type !== 'share') || rotation?.type !== 'rotate' || !history.valid[at]) continue
    if (keyring.unwrap(op, rotation.commitment) === 'wrong') yield { ...entry, problem: 'handed this device another key than was committed to' }
  }
  for (const { device, handedBy } of wrongKeys(replica)) if (device !== identity.device) yield { ...handedBy, problem: `handed ${names.device(device)} another key than was committed to, as ${names.device(device)} says` }
}

function* verifyLog(replica: RunningMesh['replica'], state: LogState, { found }: Findings): Generator<number> {
  const { store } = replica
  let previous: Entry | undefined
  let expected = 1
  let frontier: readonly EntryId[] = []
  let at = 0
  for (let after = 0; after < state.seq; ) {
    const rows = store.read(state.log, after, pageBytes)
    if (rows.length === 0) {
      found({ ...state, entry: state.id }, at, `entries after ${after} are missing from the store`)
      return
    }
    for (const { seq, bytes } of rows) {
      after = seq
      const follows = seq === expected
      expected = seq + 1
      const entry = store.idAt(state.log, seq) ?? state.id
      const read = readEntry(bytes)
      if (!read.ok) {
        found({ ...state, seq, entry }, at, `does not decode: ${read.problem}`)
        previous = undefined
        continue
      }
      at = read.entry.clock.ms
      const where = { ...state, seq, entry }
      if (!follows || read.entry.seq !== seq) found(where, at, 'its number does not follow')
      for (const problem of problemsOf(replica.mesh, read.entry, previous, state)) found(where, at, problem)
      if (read.entry.id !== entry) found(where, at, 'its bytes are not those that were taken')
      const refusal = state.type === 'content' ? authorRefusal(replica.membership, read.entry, frontier) : undefined
      if (refusal !== undefined) found(where, at, refusal)
      frontier = read.entry.frontier ?? frontier
      previous = read.entry
    }
    yield rows.length
  }
  if (state.refused !== undefined) found({ ...state, entry: state.id }, at, `its next entry was refused: ${state.refused}`)
  if (state.forked) found({ ...state, entry: state.id }, at, 'its device signed two entries with one number')
}

function problemsOf(mesh: RunningMesh['id'], entry: Entry, previous: Entry | undefined, log: LogState): string[] {
  const signedFor = entry.id === mesh ? noMesh : mesh
  const problems: string[] = []
  if (!verifyEntry(signedFor, entry, verify)) problems.push('its signature does not verify')
  if (entry.tag.some((byte, i) => byte !== meshTag(signedFor)[i])) problems.push('it belongs to another mesh')
  if (entry.log !== log.log || entry.type !== log.type) problems.push('it belongs to another log')
  if (entry.device !== log.device) problems.push('another device wrote it')
  if (previous && entry.previous !== previous.id) problems.push('it does not name the entry before it')
  return problems
}

/** Whether its author was a reader of the mesh at the frontier that is in force at it, and its epoch one to write under (rules T3, T6). */
function authorRefusal(membership: Membership, entry: Entry, before: readonly EntryId[]): string | undefined {
  const frontier = entry.frontier ?? before
  if (!frontier.every((id) => membership.has(id))) return 'it names membership that is not here'
  if (entry.frontier && !membership.covers(entry.frontier, before)) return 'its membership frontier went back'
  return entry.sealing ? membership.contentRefusal(entry.device, frontier, entry.sealing.epoch) : 'it is not sealed'
}
