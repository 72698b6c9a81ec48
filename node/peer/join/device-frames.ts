/**
 * Frames of `/atoll/device/1`, between a new device and one of its person's devices. Nothing of a mesh is said before
 * the person has typed the new device's code on the old one; what comes then is asked for mesh by mesh.
 */
import { introduction } from '../../../crdt/members/ops.ts'
import { fixed, list, struct, text, variant, type TypeOf } from '../../../crdt/wire/codec.ts'
import { entryId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { historyEndFields, historyFields } from './history-transfer.ts'

const signature = fixed(64)

export const deviceFrame = variant({
  /** New device: by this link, and I have chosen my random bytes (`commitTo`). */
  hello: [1, struct({ link: fixed(32), commitment: fixed(32) })],
  /** Old device: mine. */
  challenge: [2, struct({ nonce: fixed(32) })],
  /** New device: what I had chosen, that I have the link, and what I would be called. */
  claim: [3, struct({ nonce: fixed(32), proof: signature, name: text(limits.nameBytes) })],
  /** Old device: the person has typed your code. These are the meshes. */
  accepted: [4, struct({ meshes: list(entryId, limits.meshesPerDeviceLink) })],
  /** New device: this one now. */
  enter: [5, struct({ mesh: entryId })],
  /** Old device: its membership history, and that it is all. */
  history: [6, historyFields],
  historyEnd: [7, historyEndFields],
  /** New device: who I am, and that I agree to be linked by you to your member. */
  introduce: [8, struct({ introduction, consent: signature })],
  /** Old device: you are linked; what makes it so, and the keys, were sent as history. */
  welcome: [9, struct({})],
  /** New device: that was all. */
  done: [10, struct({})],
  /** Old device: no, with a code of the error table. */
  refuse: [11, struct({ code: text(64) })],
})
export type DeviceFrame = TypeOf<typeof deviceFrame>
