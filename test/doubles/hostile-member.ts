/** A member gone bad: it joined like anybody, then another program runs under its keys. */
import { syncFrame, type SyncFrame } from '../../crdt/sync/frames.ts'
import { nonceFrame, syncTag, tagFrame } from '../../crdt/sync/handshake.ts'
import { decode, encode } from '../../crdt/wire/codec.ts'
import { protocols } from '../../crdt/wire/protocols.ts'
import type { DeviceId, MeshId } from '../../crdt/wire/ids.ts'
import { peerIdTextToDevice } from '../../node/host/libp2p/device-peer-id.ts'
import type { Replica } from '../../node/peer/replica/replica.ts'
import type { LocalPeer } from '../bench/peers.ts'
import { HostilePeer, type HostileStream } from './hostile-peer.ts'
import { ReplicaWorld, type Forger } from './replica-world.ts'

export class HostileMember implements AsyncDisposable {
  readonly peer: HostilePeer
  readonly mesh: MeshId
  readonly replica: Replica
  /** What makes entries under its keys, right or wrong. */
  readonly forger: Forger
  readonly forge = new ReplicaWorld()

  private constructor(peer: HostilePeer, was: LocalPeer) {
    this.peer = peer
    this.replica = was.peer.meshFor(undefined).replica
    this.mesh = this.replica.mesh
    this.forge.mesh = this.mesh
    this.forger = { identity: was.peer.identity, replica: this.replica, runtime: was.peer.needs.runtime }
  }

  /** Takes an honest peer off the network for good and comes back as its device. */
  static async of(was: LocalPeer): Promise<HostileMember> {
    await was.peer.needs.network.setOnline(false)
    return new HostileMember(await HostilePeer.start(was.peer.needs.profile.device.seed), was)
  }

  /** A session of its mesh with whoever is at the address. */
  async session(address: string, mesh: MeshId = this.mesh): Promise<HostileSession> {
    const { device } = this.peer
    const remote = peerIdTextToDevice(address.split('/p2p/').at(-1) ?? '') as DeviceId
    const stream = await this.peer.open(address, protocols.sync)
    const mine = new Uint8Array(32).fill(7)
    stream.send(encode(nonceFrame, { nonce: mine }))
    const nonce = decode(nonceFrame, (await stream.next()) ?? new Uint8Array())
    if (!nonce.ok) throw new Error('no nonce came back')
    stream.send(encode(tagFrame, { tag: syncTag(mesh, device, remote, mine, nonce.value.nonce) }))
    if ((await stream.next()) === undefined) throw new Error('the session was refused')
    return new HostileSession(stream)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.peer[Symbol.asyncDispose]()
  }
}

export class HostileSession {
  readonly stream: HostileStream

  constructor(stream: HostileStream) {
    this.stream = stream
  }

  send(...frames: readonly SyncFrame[]): void {
    for (const frame of frames) this.stream.send(encode(syncFrame, frame))
  }

  /** The next frame of a kind; undefined when the session ended without. */
  async next<T extends SyncFrame['type']>(type: T): Promise<Extract<SyncFrame, { type: T }> | undefined> {
    for (;;) {
      const bytes = await this.stream.next()
      if (bytes === undefined) return undefined
      const frame = decode(syncFrame, bytes)
      if (frame.ok && frame.value.type === type) return frame.value as Extract<SyncFrame, { type: T }>
    }
  }

  /** Why the other side ended it, in its own words. */
  async bye(): Promise<string | undefined> {
    return (await this.next('bye'))?.code
  }
}
