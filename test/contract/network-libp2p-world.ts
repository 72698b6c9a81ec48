import { randomBytes } from 'node:crypto'
import { vi } from 'vitest'
import { nodeRuntime } from '../../node/host/node-runtime.ts'
import { openLibp2pNetwork, type Libp2pNetworkOptions } from '../../node/host/libp2p-network.ts'
import { silentLog } from '../../node/ports/log.ts'
import type { FrameStream, Network } from '../../node/ports/network.ts'
import { Proxy } from './network-proxy.ts'
import type { NetworkWorld } from './network-pair.ts'

const patience = { timeout: 15_000, interval: 5 }

/** A device on libp2p over loopback, with a new key unless given one. */
export function libp2pPeer(options: Partial<Libp2pNetworkOptions> = {}): Promise<Network> {
  return openLibp2pNetwork({ seed: new Uint8Array(randomBytes(32)), listen: ['127.0.0.1:0'], listenWs: [], runtime: nodeRuntime(), log: silentLog, online: true, ...options })
}

/** Resolves when the condition holds; fails the test when that takes too long. */
export async function until(condition: () => boolean, what: string, { timeout } = patience): Promise<void> {
  await vi.waitFor(() => {
    if (!condition()) throw new Error(`${what}: not yet`)
  }, { ...patience, timeout })
}

/** The contract's world over real sockets: each introduction leads through a proxy of its own. */
export function libp2pWorld(kind: 'tcp' | 'ws'): () => Promise<NetworkWorld> {
  return async () => {
    const peers: Network[] = []
    const proxies = new Map<string, Proxy>()
    return {
      path: `direct:${kind}`,
      peer: async () => {
        const peer = await libp2pPeer(kind === 'tcp' ? {} : { listen: [], listenWs: ['127.0.0.1:0'] })
        peers.push(peer)
        const [address = ''] = peer.addresses()
        proxies.set(peer.device, await Proxy.to(portOf(address)))
        return peer
      },
      introduce: (a, b) => {
        const [address = ''] = b.addresses()
        a.learn(b.device, [address.replace(/\/tcp\/\d+/, `/tcp/${proxies.get(b.device)?.port}`)])
      },
      stall: (_from, to) => proxies.get(to.device)?.stall({ up: true }),
      settled: (promise) => promise,
      until,
      [Symbol.asyncDispose]: async () => {
        await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()))
        await Promise.all([...proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()))
      },
    }
  }
}

export function portOf(address: string): number {
  return Number(/\/tcp\/(\d+)/.exec(address)?.[1])
}

/** What `echo` answers. */
export const protocol = '/atoll/test/1'

/** Answers every frame with itself. */
export function echo(peer: Network): void {
  peer.handle(protocol, (stream) => stream.onFrame((frame) => stream.send(frame)))
}

/** Sends a frame of that many bytes and says how long the answer is. */
export async function answered(stream: FrameStream, size: number): Promise<number> {
  const lengths: number[] = []
  stream.onFrame((frame) => lengths.push(frame.length))
  stream.send(new Uint8Array(size))
  await until(() => lengths.length > 0, 'an answer')
  return lengths[0]!
}
