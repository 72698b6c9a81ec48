/** Peers in this process, on SQLite and TCP: for measurements with many of them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openConfig } from '../../node/host/config.ts'
import type { OpenPeer } from '../../node/host/open-peer.ts'
import { openPeer } from '../../node/host/peer-on-node.ts'
import { silentLog, type Log } from '../../node/ports/log.ts'
import type { Services } from '../../node/ports/services.ts'
import type { Peer } from '../../node/peer/peer.ts'

export class LocalPeer implements AsyncDisposable {
  readonly #home: string
  readonly #opened: OpenPeer

  private constructor(home: string, opened: OpenPeer) {
    this.#home = home
    this.#opened = opened
  }

  static async open(name: string, { listen = '127.0.0.1:0', log = silentLog }: { readonly listen?: string; readonly log?: Log } = {}): Promise<LocalPeer> {
    const home = mkdtempSync(join(tmpdir(), 'atoll-bench-'))
    const config = openConfig({ home, env: {}, flags: { listen, name } })
    return new LocalPeer(home, await openPeer({ home, config, log, version: 'bench', socket: '' }))
  }

  get peer(): Peer {
    return this.#opened.host as Peer
  }

  get services(): Services {
    return this.#opened.host.services({ signal: new AbortController().signal })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]()
    rmSync(this.#home, { recursive: true, force: true })
  }
}

/** So many peers in one mesh, each connected to all others; disposing closes them. */
export async function localMesh(count: number): Promise<LocalPeer[] & AsyncDisposable> {
  const peers = await Promise.all(Array.from({ length: count }, (_, i) => LocalPeer.open(`peer-${i}`)))
  const [first, ...others] = peers as [LocalPeer, ...LocalPeer[]]
  await first.services.meshes.create({ name: 'bench', relays: [] })
  const { link } = await first.services.mesh.invite({ uses: count, expires_in_ms: 3_600_000, role: 'member' })
  for (const other of others) await other.services.meshes.join({ link, wait: false }, () => undefined, new AbortController().signal)
  const sessions = (): number => peers.reduce((sum, { peer }) => sum + (peer.engine.mesh(peer.meshFor(undefined).id)?.sessions.size ?? 0), 0)
  for (const end = performance.now() + 60_000; sessions() < count * (count - 1) * 0.9 && performance.now() < end; ) await new Promise((resolve) => setTimeout(resolve, 100))
  return Object.assign(peers, { [Symbol.asyncDispose]: async () => void (await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()))) })
}
