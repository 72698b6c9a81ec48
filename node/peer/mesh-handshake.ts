/** The handshake that settles which mesh a stream is for (crdt/sync/handshake.ts), whatever is spoken on it afterwards. */
import { meshOfTag, nonceFrame, syncTag, tagFrame } from '../../crdt/sync/handshake.ts'
import { decode, encode } from '../../crdt/wire/codec.ts'
import type { DeviceId, MeshId } from '../../crdt/wire/ids.ts'
import { limits } from '../../crdt/wire/limits.ts'
import type { FrameStream } from '../ports/network.ts'
import type { Runtime } from '../ports/runtime.ts'

const handshakeMs = 10_000

/** A stream whose handshake is done. Both callbacks are set in the turn that it is handed over. */
export interface Handover {
  readonly stream: FrameStream
  onFrame(call: (frame: Uint8Array) => void): void
  onClose(call: (why: string) => void): void
}

export interface HandshakeParts {
  /** This device. */
  readonly device: DeviceId
  readonly runtime: Runtime
  /** The other side sent what is no handshake at all. */
  readonly onFault?: (remote: DeviceId, why: string) => void
}

/**
 * The opener's side. Resolves after `begin`; rejects with why there was no handshake.
 * @param wanted asked before the other side learns enough to begin: whether there is still need of it
 */
export function proposeMesh(stream: FrameStream, mesh: MeshId, { device, runtime, onFault }: HandshakeParts, begin: (handover: Handover) => void, wanted = (): boolean => true): Promise<void> {
  return new Promise((resolve, reject) => {
    const mine = runtime.random.bytes(32)
    let theirs: Uint8Array | undefined
    const handover = shake(stream, runtime, reject, onFault)
    stream.send(encode(nonceFrame, { nonce: mine }))
    handover.onFrame((frame) => {
      if (!theirs) {
        const nonce = decode(nonceFrame, frame)
        if (!nonce.ok) return handover.fault('malformed_handshake')
        if (!wanted()) return handover.fail('not needed any more')
        theirs = nonce.value.nonce
        stream.send(encode(tagFrame, { tag: syncTag(mesh, device, stream.remote, mine, theirs) }))
        return
      }
      const tag = decode(tagFrame, frame)
      if (!tag.ok) return handover.fault('malformed_handshake')
      if (!meshOfTag(tag.value.tag, [mesh], stream.remote, device, theirs, mine)) return handover.fail('unknown_mesh')
      begin(handover.stream())
      resolve()
    })
  })
}

/** The other side of it. @param meshes those that this device takes part in */
export function answerMesh(stream: FrameStream, meshes: () => Iterable<MeshId>, { device, runtime, onFault }: HandshakeParts, begin: (handover: Handover, mesh: MeshId) => void): void {
  const mine = runtime.random.bytes(32)
  let theirs: Uint8Array | undefined
  const handover = shake(stream, runtime, () => undefined, onFault)
  handover.onFrame((frame) => {
    if (!theirs) {
      const nonce = decode(nonceFrame, frame)
      if (!nonce.ok) return handover.fault('malformed_handshake')
      theirs = nonce.value.nonce
      stream.send(encode(nonceFrame, { nonce: mine }))
      return
    }
    const tag = decode(tagFrame, frame)
    if (!tag.ok) return handover.fault('malformed_handshake')
    const mesh = meshOfTag(tag.value.tag, meshes(), stream.remote, device, theirs, mine)
    if (!mesh) return handover.fail('unknown_mesh')
    stream.send(encode(tagFrame, { tag: syncTag(mesh, device, stream.remote, mine, theirs) }))
    begin(handover.stream(), mesh)
  })
}

/** A stream during its handshake: a deadline, then frames go to whoever took it over. */
function shake(stream: FrameStream, runtime: Runtime, failed: (why: Error) => void, onFault: HandshakeParts['onFault']): { onFrame(call: (frame: Uint8Array) => void): void; fail(why: string): void; fault(why: string): void; stream(): Handover } {
  let take: (frame: Uint8Array) => void = () => undefined
  let closed: (why: string) => void = (why) => failed(new Error(why))
  stream.limitFrames(limits.handshakeBytes)
  const deadline = runtime.timers.after(handshakeMs, () => stream.close('handshake took too long'))
  stream.onFrame((frame) => take(frame))
  stream.onClose((why) => {
    deadline[Symbol.dispose]()
    closed(why)
  })
  return {
    onFrame: (call) => {
      take = call
    },
    fail: (why) => stream.close(why),
    fault: (why) => {
      stream.close(why)
      onFault?.(stream.remote, why)
    },
    stream: () => {
      deadline[Symbol.dispose]()
      stream.limitFrames(limits.frameBytes)
      return {
        stream,
        onFrame: (call) => {
          take = call
        },
        onClose: (call) => {
          closed = call
        },
      }
    },
  }
}
