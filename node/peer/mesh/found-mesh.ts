/** Founding a mesh: the first entry, whose hash is the mesh's id, then the first epoch and the names. */
import { HybridClock } from '../../../crdt/log/clock.ts'
import { boundRandomBytes } from '../../../crdt/crypto/bound-id.ts'
import { buildEntry, logIds } from '../../../crdt/log/entry.ts'
import { noMesh, type SigningPair } from '../../../crdt/crypto/sign.ts'
import type { HistoryPolicy } from '../../../crdt/members/history-policy.ts'
import { encodeOp } from '../../../crdt/members/ops.ts'
import { introduce, proveRoot } from '../../../crdt/members/proofs.ts'
import type { MemberId, MeshId } from '../../../crdt/wire/ids.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Identity } from '../replica/identity.ts'

/** @param root the member's root key; its secret half belongs in the person's backup, not with the device. @param history what newcomers may read of what was before them, whatever their invites say */
export function foundMesh(identity: Identity, root: SigningPair, runtime: Runtime, history: HistoryPolicy = 'all'): { readonly mesh: MeshId; readonly founding: Uint8Array } {
  const founding = buildEntry(noMesh, {
    type: 'membership',
    log: logIds.make(identity.device, runtime.random.bytes(boundRandomBytes)),
    seq: 1,
    previous: undefined,
    device: identity.device,
    clock: new HybridClock(() => runtime.clock.now()).tick(),
    frontier: undefined,
    op: encodeOp({
      type: 'found',
      member: root.publicKey as MemberId,
      rootProof: proveRoot(noMesh, identity.device, root),
      introduction: introduce(identity.signing, identity.sealing, root.publicKey as MemberId),
      history,
      salt: runtime.random.bytes(32),
    }),
  }, identity.signing)
  return { mesh: founding.id as unknown as MeshId, founding: founding.bytes }
}
