/** A member gone bad, in virtual time: it joined like anybody, then another program runs under its keys. */
import type { Entry } from '../../crdt/log/entry.ts'
import { encodeOp, type MemberOp } from '../../crdt/members/ops.ts'
import { syncFrame, type SyncFrame } from '../../crdt/sync/frames.ts'
import { decode, encode } from '../../crdt/wire/codec.ts'
import type { MeshId } from '../../crdt/wire/ids.ts'
import { protocols } from '../../crdt/wire/protocols.ts'
import { proposeMesh } from '../../node/peer/mesh-handshake.ts'
import type { Replica } from '../../node/peer/replica/replica.ts'
import type { FrameStream, Network } from '../../node/ports/network.ts'
import { never, type PeopleWorld } from '../sim/people-world.ts'
import type { SimPeer } from '../sim/sim-peer.ts'
import { ReplicaWorld, type Forger } from './replica-world.ts'

export class Turncoat {
  readonly mesh: MeshId
  /** What it knew when it turned. */
  readonly replica: Replica
  /** What makes entries under its keys, right or wrong. */
  readonly forger: Forger
  readonly forge = new ReplicaWorld()
  readonly network: Network
  readonly #world: PeopleWorld

  /** Takes an honest peer off the network for good and stands there as its device. */
  constructor(world: PeopleWorld, was: SimPeer) {
    const { identity, needs } = was.peer!
    this.#world = world
    this.replica = was.peer!.meshFor(undefined).replica
    this.mesh = this.replica.mesh
    this.forge.mesh = this.mesh
    this.forger = { identity, replica: this.replica, runtime: needs.runtime }
    world.takeOff(was, needs.network, false)
    this.network = world.net.join(identity.device)
  }

  /** A membership entry in a log of its own, at the frontier at which it turned. */
  operation(op: MemberOp): Entry {
    return this.forge.forge(this.forger, { type: 'membership', op: encodeOp(op), sealed: undefined })
  }

  /** A session of its mesh with somebody. */
  async session(to: SimPeer): Promise<TurncoatSession> {
    const stream = await this.#world.done(this.network.open(to.device, protocols.sync, never))
    const opened = Promise.withResolvers<TurncoatSession>()
    const shaken = proposeMesh(stream, this.mesh, { device: this.forger.identity.device, runtime: this.#world.time }, (handover) => opened.resolve(new TurncoatSession(handover.stream, handover)))
    await this.#world.done(shaken)
    return opened.promise
  }

  /** Hands entries to each of these people, every run in its own frame, and gives them time to take them. */
  async tell(people: readonly SimPeer[], ...runs: readonly (readonly Uint8Array[])[]): Promise<void> {
    for (const one of people) {
      const session = await this.session(one)
      for (const run of runs) session.send({ type: 'entries', run })
    }
    await this.#world.time.advance(5_000)
  }
}

export class TurncoatSession {
  readonly heard: SyncFrame[] = []
  ended: string | undefined
  readonly #stream: FrameStream

  constructor(stream: FrameStream, from: Pick<FrameStream, 'onFrame' | 'onClose'>) {
    this.#stream = stream
    from.onFrame((bytes) => {
      const frame = decode(syncFrame, bytes)
      if (!frame.ok) return
      this.heard.push(frame.value)
      if (frame.value.type === 'ping') this.send({ type: 'pong', token: frame.value.token })
    })
    from.onClose((why) => {
      this.ended = why
    })
  }

  send(...frames: readonly SyncFrame[]): void {
    for (const frame of frames) this.#stream.send(encode(syncFrame, frame))
  }
}
