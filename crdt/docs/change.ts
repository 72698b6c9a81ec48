/**
 * Changes: what the sealed body of an entry holds. A kind's number and meaning are for good (rule C5); unknown
 * kinds are kept, forwarded and not folded. `deps` name the entries a change builds on.
 */
import { wrappedKeyBytes } from '../crypto/wrap.ts'
import { nonceBytes } from '../crypto/seal.ts'
import { bytes, decode, encode, fixed, list, names, optional, struct, text, uint, variant, type Decoded, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId, id, logId, memberId, sealingKey } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'

/** Numbers of the kinds of changes. Those without a fold yet are reserved so that nothing else takes them. */
export const kinds = {
  /** A value under a key of a register document: state, memory, members, mesh. */
  set: 1,
  /** Takes a key out of a register document; its history stays. */
  delete: 2,
  /** Changes sealed again, for some devices and not all. */
  sealed: 3,
  message: 4,
  receipt: 5,
  horizon: 16,
  checkpoint: 17,
  /** A shared file: what it is called, where its tree begins, and the key to it. */
  blobTree: 18,
  yjsUpdate: 19,
  automergeChanges: 20,
  treeMove: 21,
  claim: 22,
  schedule: 23,
  statement: 24,
  /** Takes a shared file out of every view. */
  fileDelete: 25,
  /** The key that a rotation or a share held for the author's device is not the one that was committed to. */
  wrongKey: 26,
} as const

const change = struct({
  kind: uint,
  doc: text(limits.docNameBytes),
  deps: list(entryId, limits.depsPerChange),
  payload: bytes(limits.payloadBytes),
})
export type Change = TypeOf<typeof change>

const body = list(change, limits.changesPerEntry)

export const encodeBody = (changes: readonly Change[]): Uint8Array => encode(body, changes)
export const decodeBody = (plain: Uint8Array): Decoded<readonly Change[]> => decode(body, plain)

/** The value is JSON text: what a reader parses, and re-parses in its own version, is what the writer wrote. */
export const setPayload = struct({ key: text(limits.keyBytes), value: text(limits.valueBytes) })
export const deletePayload = struct({ key: text(limits.keyBytes) })

/** The key of the inner changes, wrapped for each device that may read them; author's devices included. */
export const sealedPayload = struct({
  sealer: sealingKey,
  /** The hash of the key: all who open it open it with the same one, and read the same (rule C1). */
  commitment: fixed(32),
  recipients: list(struct({ device: deviceId, key: fixed(wrappedKeyBytes) }), limits.recipientsPerEnvelope),
  nonce: fixed(nonceBytes),
  sealed: bytes(limits.payloadBytes),
})

const messageId = id<string>(16)

const target = variant({
  all: [1, struct({})],
  member: [2, struct({ member: memberId })],
  session: [3, struct({ device: deviceId, session: text(128) })],
})
export type Target = TypeOf<typeof target>

export const messagePayload = struct({
  id: messageId,
  /** The sending session, or empty: display only, the author is the entry's. */
  session: text(128),
  targets: list(target, 256),
  priority: names({ low: 0, next: 1, now: 2 }),
  replyTo: optional(messageId),
  text: text(limits.messageBytes),
})
export type MessagePayload = TypeOf<typeof messagePayload>

/** Everything in a log up to seq that was addressed to the author got this far with it. Sealed to the log's owner. */
export const receiptPayload = struct({
  state: names({ reached: 1, shown: 2, read: 3 }),
  logs: list(struct({ log: logId, seq: uint }), 1000),
})
export type ReceiptPayload = TypeOf<typeof receiptPayload>
