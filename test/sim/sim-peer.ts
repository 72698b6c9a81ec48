/** One device of a simulated world: the real Peer, on a network, a clock and a disk that the world owns. */
import type { DeviceId, MeshId } from '../../crdt/wire/ids.ts'
import type { Replica } from '../../node/peer/replica/replica.ts'
import type { RunningMesh } from '../../node/peer/mesh/running-mesh.ts'
import { Peer } from '../../node/peer/peer.ts'
import type { Verify } from '../../crdt/crypto/sign.ts'
import type { MemoryWorld } from '../../node/peer/memory-network-world.ts'
import type { VirtualPeer, VirtualRuntime } from '../../node/peer/virtual-runtime.ts'
import type { Profile } from '../../node/ports/platform.ts'
import type { ConfigPort } from '../../node/ports/config.ts'
import type { Network } from '../../node/ports/network.ts'
import type { Services } from '../../node/ports/services.ts'
import type { BlobStore } from '../../node/ports/blobs.ts'
import { MemoryBlobStore } from '../../node/peer/blobs/memory-blob-store.ts'
import { MemoryFiles } from '../doubles/memory-files.ts'
import { simConfig } from './sim-config.ts'
import { simLog, type LogLine } from './sim-log.ts'
import { SimDisk, type Backup } from './sim-disk.ts'
import type { EntryWatch } from './entry-watch.ts'

/** One life of a peer, from start to stop or crash. */
interface Life {
  readonly runtime: VirtualPeer
  readonly network: Network
  readonly peer: Peer
  readonly since: number
  alive: boolean
}

const deviceOfAddress = (address: string): DeviceId | undefined => /^\/memory\/([0-9a-f]{64})$/.exec(address)?.[1] as DeviceId | undefined

/** What a peer needs of the world that it stands in. */
export interface SimGround {
  readonly time: VirtualRuntime
  readonly net: MemoryWorld
  readonly watch: EntryWatch
  readonly verify: Verify
  secretsFor(name: string): Profile['device'] & { readonly device: DeviceId }
  takeOff(peer: SimPeer, network: Network, silent: boolean): void
}

export class SimPeer {
  readonly name: string
  readonly device: DeviceId
  readonly disk: SimDisk
  readonly lines: LogLine[] = []
  readonly files = new MemoryFiles()
  /** Its chunks, which outlive it. */
  readonly blobs: MemoryBlobStore
  /** It sends other bytes than it was asked for. */
  lies = false
  readonly #world: SimGround
  readonly #config: ConfigPort
  #life: Life | undefined
  #lives = 0
  #skewMs = 0
  #online = true
  #backup: Backup | undefined
  /** Raised with every crash and restored copy: what was under way before is not heard of again. */
  lives = 0

  constructor(world: SimGround, name: string) {
    this.#world = world
    this.name = name
    const secrets = world.secretsFor(name)
    this.device = secrets.device
    this.#config = simConfig(name)
    this.blobs = new MemoryBlobStore(world.time.clock)
    this.disk = new SimDisk(this.device, secrets, {
      onAttempt: (device, batch) => world.watch.attempted(device, batch),
      onCommitted: (device, batch) => world.watch.committed(device, batch),
      onCrash: () => this.crash({ silent: true }),
    })
  }

  get isUp(): boolean {
    return this.#life !== undefined
  }

  get peer(): Peer | undefined {
    return this.#life?.peer
  }

  /** Since when it runs without a break, by the world's time. */
  get upSince(): number {
    return this.#life?.since ?? Infinity
  }

  mesh(mesh: MeshId): RunningMesh | undefined {
    return this.#life?.peer.meshes.get(mesh)
  }

  replica(mesh: MeshId): Replica | undefined {
    return this.mesh(mesh)?.replica
  }

  start(): void {
    if (this.#life) return
    // A name of its own for each life: random numbers never start over, as those of a real machine do not.
    const runtime = this.#world.time.forPeer({ name: `${this.name}/${this.#lives++}`, skewMs: this.#skewMs })
    const life: { -readonly [K in keyof Life]: Life[K] } = { runtime, network: this.#world.net.join(this.device, { online: this.#online }), since: this.#world.time.timers.elapsed(), alive: true, peer: undefined as unknown as Peer }
    life.peer = new Peer({
      profile: this.disk.profile(this.name, () => life.alive),
      config: this.#config,
      network: life.network,
      runtime,
      log: simLog(this.lines, () => this.#world.time.timers.elapsed()),
      version: 'sim',
      process: { pid: 1, home: `/${this.name}`, socket: '' },
      onStop: () => {},
      files: this.files,
      blobs: this.#lyingBlobs(),
      deviceOf: deviceOfAddress,
      verify: this.#world.verify,
    })
    this.#life = life
  }

  /** Its store, as it shows it to others. */
  #lyingBlobs(): BlobStore {
    const { blobs } = this
    return {
      has: (ids) => blobs.has(ids),
      read: async (ids) => (await blobs.read(ids)).map((bytes) => (bytes && this.lies ? bytes.map((byte) => byte ^ 1) : bytes)),
      put: (chunks) => blobs.put(chunks),
      sweep: (live, since, signal) => blobs.sweep(live, since, signal),
      usage: () => blobs.usage(),
      [Symbol.asyncDispose]: async () => {},
    }
  }

  /** kill -9 and power loss: nothing it waits for ever happens. @param silent the others notice by its silence only */
  crash({ silent }: { readonly silent: boolean }): void {
    const life = this.#life
    if (!life) return
    this.#life = undefined
    this.lives++
    life.alive = false
    life.runtime[Symbol.dispose]()
    this.#world.takeOff(this, life.network, silent)
    this.disk.cutLoose()
  }

  /** A clean stop; resolves when it is down. */
  async stop(): Promise<void> {
    const life = this.#life
    if (!life) return
    await life.peer[Symbol.asyncDispose]()
    if (this.#life !== life) return
    this.#life = undefined
    life.alive = false
    life.runtime[Symbol.dispose]()
    this.lives++
    this.disk.cutLoose()
  }

  backup(): void {
    this.#backup = this.disk.backup()
  }

  /** Yesterday's copy comes back, of a device that is down. @returns whether there was one */
  restoreBackup(): boolean {
    if (this.isUp || !this.#backup) return false
    this.disk.restore(this.#backup)
    return true
  }

  /** Sets the wall clock. */
  skew(ms: number): void {
    this.#skewMs = ms
    if (this.#life) this.#life.runtime.skewMs = ms
  }

  async setOnline(online: boolean): Promise<void> {
    this.#online = online
    this.#config.set('network', online ? 'on' : 'off')
    await this.#life?.network.setOnline(online)
  }

  services(mesh: MeshId | undefined, signal: AbortSignal): Services {
    if (!this.#life) throw new Error(`${this.name} is down`)
    return this.#life.peer.services({ mesh, signal })
  }
}
