import type { SyncReplica } from '../../crdt/sync/ports.ts'
import type { Replica } from './replica/replica.ts'

/** A replica as sync sees it. */
export function replicaForSync(replica: Replica): SyncReplica {
  return {
    logs: () => replica.logs(),
    log: (log) => replica.log(log),
    readRun: (log, after, maxBytes) => replica.readRun(log, after, maxBytes),
    readAround: (id, maxBytes) => replica.readAround(id, maxBytes),
    holds: (id) => replica.ledger.holds(id),
    receive: (run) => replica.receive(run),
    heldLonger: (log, device) => {
      if (device === replica.identity.device) replica.disown(log)
    },
    standing: (device) => {
      if (replica.membership.now().device(device)) return 'admitted'
      return replica.membership.memberOf(device) ? 'former' : 'stranger'
    },
  }
}
