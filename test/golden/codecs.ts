/** The codecs of everything that crosses a wire or stands in an entry, by the names that the vectors use. */
import { blobAnswer, blobRequest } from '../../crdt/blobs/frames.ts'
import { decodeBody, deletePayload, encodeBody, messagePayload, receiptPayload, sealedPayload, setPayload } from '../../crdt/docs/change.ts'
import { fileDeletePayload, filePayload } from '../../crdt/docs/files.ts'
import { updatePayload } from '../../crdt/docs/updates.ts'
import { checkpointPayload } from '../../crdt/docs/checkpoints.ts'
import { wrongKeyPayload } from '../../crdt/docs/wrong-keys.ts'
import { memberOp } from '../../crdt/members/ops.ts'
import { decodePolicy, encodePolicy, type Policy } from '../../crdt/members/policy.ts'
import { syncFrame } from '../../crdt/sync/frames.ts'
import { nonceFrame, tagFrame } from '../../crdt/sync/handshake.ts'
import { bool, bytes, decode, encode, fixed, list, optional, text, uint, type Codec, type Decoded } from '../../crdt/wire/codec.ts'
import { entryId, idSet } from '../../crdt/wire/ids.ts'
import { rendezvousAnswer, rendezvousRequest } from '../../crdt/wire/rendezvous.ts'
import { deviceFrame } from '../../node/peer/join/device-frames.ts'
import { joinFrame } from '../../node/peer/join/frames.ts'
import { recoveryFrame } from '../../node/peer/join/recovery-frames.ts'

/** How a value becomes bytes and is read again. */
export interface Coding {
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): Decoded<unknown>
}

const coding = <T>(codec: Codec<T>): Coding => ({ encode: (value) => encode(codec, value as T), decode: (bytes) => decode(codec, bytes) })

export const codecs: Readonly<Record<string, Coding>> = {
  uint: coding(uint),
  bool: coding(bool),
  fixed4: coding(fixed(4)),
  bytes: coding(bytes(1000)),
  text: coding(text(1000)),
  listOfUint: coding(list(uint, 1000)),
  optionalText: coding(optional(text(1000))),
  idSet: coding(idSet(2, 1000)),
  entryId: coding(entryId),
  memberOp: coding(memberOp),
  policy: { encode: (value) => encodePolicy(value as Policy), decode: decodePolicy },
  body: { encode: (value) => encodeBody(value as Parameters<typeof encodeBody>[0]), decode: decodeBody },
  set: coding(setPayload),
  delete: coding(deletePayload),
  sealed: coding(sealedPayload),
  message: coding(messagePayload),
  receipt: coding(receiptPayload),
  update: coding(updatePayload),
  wrongKey: coding(wrongKeyPayload),
  checkpoint: coding(checkpointPayload),
  file: coding(filePayload),
  fileDelete: coding(fileDeletePayload),
  blobRequest: coding(blobRequest),
  blobAnswer: coding(blobAnswer),
  sync: coding(syncFrame),
  nonce: coding(nonceFrame),
  tag: coding(tagFrame),
  join: coding(joinFrame),
  recovery: coding(recoveryFrame),
  device: coding(deviceFrame),
  rendezvousRequest: coding(rendezvousRequest),
  rendezvousAnswer: coding(rendezvousAnswer),
}
