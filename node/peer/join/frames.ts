/**
 * Frames of `/atoll/join/1`, between somebody with a link and any member. First the joiner shows that it holds the
 * invite's key, to this member and this connection only; then the member shows its whole membership history, in which
 * the joiner checks mesh, frontier and the member's own place; only then does the joiner introduce itself with a proof
 * that the admission will carry. Where the invite asks for approval, a steward keeps the request and says so until a person
 * has decided. Nothing secret is sent either way.
 */
import { hasher } from '../../../crdt/crypto/hash.ts'
import { introduction } from '../../../crdt/members/ops.ts'
import { encode, fixed, struct, text, variant, type TypeOf } from '../../../crdt/wire/codec.ts'
import { deviceId, entryId, memberId, type DeviceId, type EntryId, type MeshId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { domains } from '../../../crdt/wire/protocols.ts'
import { historyEndFields, historyFields } from './history-transfer.ts'

const signature = fixed(64)

export const joinFrame = variant({
  /** Joiner: my random bytes. */
  hello: [1, struct({ nonce: fixed(32) })],
  /** Member: mine. */
  challenge: [2, struct({ nonce: fixed(32) })],
  /** Joiner: this entry opened my invite, and I hold its key. */
  claim: [3, struct({ opened: entryId, proof: signature })],
  /** Member: my membership history, a run of one log at a time; and that it is all. */
  history: [4, historyFields],
  historyEnd: [5, historyEndFields],
  /** Joiner: who I am, signed for by my root and by the invite key for this member. */
  introduce: [6, struct({ member: memberId, rootProof: signature, introduction, proof: signature })],
  /** Member: you are in by this entry; what makes it so has been sent as history. */
  welcome: [7, struct({ admitted: entryId })],
  /** Member: no, with a code of the error table. */
  refuse: [8, struct({ code: text(64), at: text(64) })],
  /** Steward: your request is kept for somebody to decide. Said again from time to time; each is answered by a `request`. */
  waiting: [9, struct({})],
  /** Joiner: I am here, and want to be called this. */
  request: [10, struct({ name: text(limits.nameBytes) })],
})
export type JoinFrame = TypeOf<typeof joinFrame>

const transcriptParts = struct({ mesh: entryId, joiner: deviceId, member: deviceId, joinerNonce: fixed(32), memberNonce: fixed(32) })
const hashTranscript = hasher(domains.joinTranscript)

/** What both sides know of this one conversation: ties proofs to it, so that none can be replayed elsewhere. */
export function transcriptOf(mesh: MeshId, joiner: DeviceId, member: DeviceId, joinerNonce: Uint8Array, memberNonce: Uint8Array): Uint8Array {
  return hashTranscript(encode(transcriptParts, { mesh: mesh as EntryId, joiner, member, joinerNonce, memberNonce }))
}
