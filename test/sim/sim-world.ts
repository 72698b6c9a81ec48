/** A world of simulated peers: one virtual time, one network, one seed. */
import { signingPair, type Verify } from '../../crdt/crypto/sign.ts'
import type { DeviceId, MeshId } from '../../crdt/wire/ids.ts'
import type { LinkSettings } from '../../node/peer/memory-network-link.ts'
import { MemoryWorld } from '../../node/peer/memory-network-world.ts'
import { VirtualRuntime } from '../../node/peer/virtual-runtime.ts'
import { SeededRandom } from '../../node/peer/virtual-runtime-random.ts'
import type { Network } from '../../node/ports/network.ts'
import type { Profile } from '../../node/ports/platform.ts'
import { EntryWatch } from './entry-watch.ts'
import { SimPeer } from './sim-peer.ts'

export interface SimWorldOptions {
  readonly seed: number | string
  readonly verify: Verify
  readonly link?: Partial<LinkSettings>
}

export class SimWorld implements Disposable {
  readonly time: VirtualRuntime
  readonly net: MemoryWorld
  readonly watch = new EntryWatch()
  readonly verify: Verify
  /** For whoever watches: what it draws changes nothing in the world. */
  readonly dice: SeededRandom
  readonly #seed: number | string
  readonly #peers = new Map<string, SimPeer>()
  /** The mesh of this world, once somebody has founded it. */
  mesh: MeshId | undefined

  constructor({ seed, verify, link }: SimWorldOptions) {
    this.#seed = seed
    this.verify = verify
    this.dice = new SeededRandom(`${seed}/watcher`)
    this.time = new VirtualRuntime({ seed, turn: () => new Promise((done) => setImmediate(done)) })
    this.net = new MemoryWorld({ runtime: this.time, ...(link ? { link } : {}) })
  }

  /** The peer of this name; made, and running, when it is first asked for. */
  peer(name: string): SimPeer {
    const known = this.#peers.get(name)
    if (known) return known
    const peer = new SimPeer(this, name)
    this.#peers.set(name, peer)
    peer.start()
    return peer
  }

  has(name: string): boolean {
    return this.#peers.has(name)
  }

  get peers(): readonly SimPeer[] {
    return [...this.#peers.values()]
  }

  byDevice(device: DeviceId): SimPeer | undefined {
    return this.peers.find((peer) => peer.device === device)
  }

  /** A device's keys follow from the world's seed and its name. */
  secretsFor(name: string): Profile['device'] & { readonly device: DeviceId } {
    const random = new SeededRandom(`${this.#seed}/keys/${name}`)
    const seed = random.bytes(32)
    return { seed, sealingSecret: random.bytes(32), device: signingPair(seed).publicKey as DeviceId }
  }

  /** Takes a crashed peer off the network. Others see its connections break, or hear nothing any more. */
  takeOff(peer: SimPeer, network: Network, silent: boolean): void {
    const others = network.connected()
    for (const other of others) {
      if (silent) this.net.cut(peer.device, other)
      else this.net.break(peer.device, other)
    }
    // Nothing of this waits: what is left to close closes in this turn.
    void network[Symbol.asyncDispose]()
    if (silent) for (const other of others) this.net.mend(peer.device, other)
  }

  [Symbol.dispose](): void {
    this.time[Symbol.dispose]()
  }
}
