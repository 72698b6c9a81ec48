/** Verifies everything held of a mesh anew: every hash, chain and signature, and what the membership says of each. */
import { noMesh } from '../../../crdt/crypto/sign.ts'
import { meshTag, readEntry, verifyEntry, type Entry } from '../../../crdt/log/entry.ts'
import { verify } from '../../../crdt/crypto/sign.ts'
import type { AuditReport, AuditService } from '../../ports/services.ts'
import type { Clock, Timers } from '../../ports/runtime.ts'
import { queryAudit } from '../audit/query-audit.ts'
import { voidEntries } from './void-entries.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

const page = 200
const problemsListed = 100

/** @param meshes those that are watched: the one that was named, or all */
export function auditService(mesh: () => RunningMesh, meshes: () => readonly RunningMesh[], runtime: { readonly clock: Clock; readonly timers: Timers }): AuditService {
  const { timers } = runtime
  return {
    query: (query, progress, signal) => queryAudit(mesh(), query, runtime, progress, signal),
    async watch(on, signal) {
      const watching = meshes().map(({ announcements }) => announcements.watch(on))
      signal.addEventListener('abort', () => watching.forEach((one) => one[Symbol.dispose]()), { once: true })
    },
    void: (signal) => voidEntries(mesh(), timers, signal),
    async verify(progress, signal) {
      const { replica } = mesh()
      const total = [...replica.logs()].reduce((sum, { seq }) => sum + seq, 0)
      const problems: { entry: string; log: string; seq: number; device: string; problem: string }[] = []
      const found = (entry: Pick<Entry, 'id' | 'log' | 'seq' | 'device'>, problem: string): void => {
        if (problems.length < problemsListed) problems.push({ entry: entry.id, log: entry.log, seq: entry.seq, device: entry.device, problem })
      }
      let entries = 0
      let logs = 0
      let membership = 0
      for (const state of replica.logs()) {
        logs++
        let previous: Entry | undefined
        for (let after = 0; after < state.seq; ) {
          signal.throwIfAborted()
          const rows = replica.store.read(state.log, after, page * 1024)
          if (rows.length === 0) {
            found(state, `entries after ${after} are missing from the store`)
            break
          }
          for (const row of rows) {
            after = row.seq
            entries++
            const read = readEntry(row.bytes)
            if (!read.ok) {
              found({ ...state, seq: row.seq }, `does not decode: ${read.problem}`)
              continue
            }
            if (read.entry.type === 'membership') membership++
            for (const problem of problemsOf(replica.mesh, read.entry, previous)) found(read.entry, problem)
            const void_ = replica.membership.refusals.get(read.entry.id)
            if (void_ !== undefined) found(read.entry, `has no effect: ${void_}`)
            previous = read.entry
          }
          progress(entries, total)
          await new Promise<void>((resolve) => timers.soon(resolve))
        }
        if (state.refused !== undefined) found(state, `its next entry was refused: ${state.refused}`)
        if (state.forked) found(state, 'its device signed two entries with one number')
      }
      for (const { opened, uses, admitted } of replica.membership.now().overused()) {
        const invite = replica.membership.history.entries[replica.membership.history.at(opened) ?? -1]
        if (invite) found(invite, `was made for ${uses} and let in ${admitted.length}`)
      }
      return { ok: problems.length === 0, entries, logs, signatures: entries, membership, problems } satisfies AuditReport
    },
  }
}

function problemsOf(mesh: RunningMesh['id'], entry: Entry, previous: Entry | undefined): string[] {
  const signedFor = entry.id === mesh ? noMesh : mesh
  const problems: string[] = []
  if (!verifyEntry(signedFor, entry, verify)) problems.push('its signature does not verify')
  if (entry.tag.some((byte, i) => byte !== meshTag(signedFor)[i])) problems.push('it belongs to another mesh')
  if (entry.seq !== (previous?.seq ?? 0) + 1) problems.push('its number does not follow')
  if (previous && entry.previous !== previous.id) problems.push('it does not name the entry before it')
  if (previous && entry.device !== previous.device) problems.push('another device wrote it')
  return problems
}
