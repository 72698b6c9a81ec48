/** The protocol by which chunks move, for all meshes of a device: answers whoever may read in a mesh, and opens links to others. */
import type { BlobCrypto } from '../../../crdt/crypto/blob-crypto.ts'
import type { DeviceId, MeshId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { protocols } from '../../../crdt/wire/protocols.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { Log } from '../../ports/log.ts'
import type { FrameStream, Network } from '../../ports/network.ts'
import type { Runtime } from '../../ports/runtime.ts'
import { answerMesh, proposeMesh } from '../mesh-handshake.ts'
import { BlobLink, type BlobLinkEvents, type OnFault } from './blob-link.ts'
import { serveBlobs } from './blob-server.ts'

export interface BlobExchangeNeeds {
  readonly network: Network
  readonly runtime: Runtime
  readonly store: BlobStore
  readonly crypto: BlobCrypto
  readonly log: Log
  /** Those that this device takes part in, as far as another is to know. */
  readonly meshes: (remote: DeviceId) => Iterable<MeshId>
  /** Whether a device is admitted to a mesh now. */
  readonly isAdmitted: (mesh: MeshId, remote: DeviceId) => boolean
  readonly onFault: OnFault
}

export class BlobExchange {
  readonly store: BlobStore
  readonly crypto: BlobCrypto
  readonly #needs: BlobExchangeNeeds
  readonly #served = new Map<DeviceId, number>()
  readonly #serving = new Set<{ readonly mesh: MeshId; readonly stream: FrameStream }>()
  #sentBytes = 0

  constructor(needs: BlobExchangeNeeds) {
    this.#needs = needs
    this.store = needs.store
    this.crypto = needs.crypto
    needs.network.handle(protocols.blobs, (stream) => this.#answer(stream))
  }

  /** Of chunks, since this device started. */
  get sentBytes(): number {
    return this.#sentBytes
  }

  /** A link to a peer for one mesh. Rejects when it cannot be reached or does not take part. */
  async open(mesh: MeshId, remote: DeviceId, events: BlobLinkEvents, signal: AbortSignal): Promise<BlobLink> {
    const { network, runtime, onFault } = this.#needs
    const stream = await network.open(remote, protocols.blobs, signal)
    let link: BlobLink | undefined
    await proposeMesh(stream, mesh, { device: network.device, runtime, onFault }, (handover) => {
      link = new BlobLink(handover, runtime.timers, events, onFault)
    })
    return link as unknown as BlobLink
  }

  /** It sent another chunk than it was asked for. */
  lied(remote: DeviceId): void {
    this.#needs.onFault(remote, 'file_lie')
  }

  /** The streams that the busiest peer has open here. */
  get mostStreams(): number {
    return Math.max(0, ...this.#served.values())
  }

  /** Who has lost its place in a mesh, or is blocked, is given nothing more. */
  membershipChanged(mesh: MeshId): void {
    for (const { mesh: of, stream } of [...this.#serving]) if (of === mesh && !this.#needs.isAdmitted(mesh, stream.remote)) stream.close('not admitted')
  }

  #answer(stream: FrameStream): void {
    const { network, runtime, meshes, isAdmitted, store, log, onFault } = this.#needs
    const { remote } = stream
    answerMesh(stream, () => meshes(remote), { device: network.device, runtime, onFault }, (handover, mesh) => {
      const served = this.#served.get(remote) ?? 0
      if (served >= limits.blobStreamsPerPeer) return stream.close('too many streams')
      if (!isAdmitted(mesh, remote)) return stream.close('not admitted')
      this.#served.set(remote, served + 1)
      const serving = { mesh, stream }
      this.#serving.add(serving)
      serveBlobs(handover, {
        store,
        mayRead: () => isAdmitted(mesh, remote),
        sent: (bytes) => {
          this.#sentBytes += bytes
        },
        onFault: (why) => onFault(remote, why),
        failed: (error) => log.error('blob_not_served', { remote, why: String(error) }),
        closed: () => {
          this.#serving.delete(serving)
          const left = (this.#served.get(remote) ?? 1) - 1
          if (left > 0) this.#served.set(remote, left)
          else this.#served.delete(remote)
        },
      })
    })
  }
}
