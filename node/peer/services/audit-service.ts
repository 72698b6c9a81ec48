/** Who did what, whether it may stand, and whether all that is held fits together. */
import type { AuditService } from '../../ports/services.ts'
import type { Clock, Timers } from '../../ports/runtime.ts'
import { queryAudit } from '../audit/query-audit.ts'
import { undone } from '../audit/undone.ts'
import { verifyAudit } from '../audit/verify-audit.ts'
import { voidEntries } from './void-entries.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

/** @param meshes those that are watched: the one that was named, or all */
export function auditService(mesh: () => RunningMesh, meshes: () => readonly RunningMesh[], runtime: { readonly clock: Clock; readonly timers: Timers }): AuditService {
  return {
    query: (query, progress, signal) => queryAudit(mesh(), query, runtime, progress, signal),
    async watch(on, signal) {
      const watching = meshes().map(({ announcements }) => announcements.watch(on))
      signal.addEventListener('abort', () => watching.forEach((one) => one[Symbol.dispose]()), { once: true })
    },
    void: (signal) => voidEntries(mesh(), runtime.timers, signal),
    undone: async () => undone(mesh()),
    verify: (progress, signal) => verifyAudit(mesh(), runtime.timers, progress, signal),
  }
}
