import type { Network } from '../../node/ports/network.ts'
import { libp2pPeer, portOf, until } from './network-libp2p-world.ts'
import { Proxy } from './network-proxy.ts'
import { RelayOnLoopback } from './network-relay.ts'
import type { NetworkWorld } from './network-pair.ts'

/** The contract's world where nobody can be dialled: peers meet at a relay, each through a proxy, and stay there or move to WebRTC. */
export function relayedWorld(path: 'relayed' | 'direct:webrtc'): () => Promise<NetworkWorld> {
  return async () => {
    const relay = await RelayOnLoopback.start()
    const peers = new Map<Network, Proxy>()
    return {
      path,
      peer: async () => {
        const proxy = await Proxy.to(portOf(relay.address))
        const peer = await libp2pPeer({ listen: [], listenWs: [], webRtc: () => path === 'direct:webrtc' })
        peers.set(peer, proxy)
        peer.acquaint({ has: () => true, all: () => [] })
        peer.useRelays([relay.address.replace(/\/tcp\/\d+/, `/tcp/${proxy.port}`)])
        await until(() => peer.relays()[0]?.reserved === true, 'a reservation')
        return peer
      },
      introduce: async (a, b) => {
        if (path === 'relayed') return
        b.handle('/atoll/introduction/1', () => {})
        const stream = await a.open(b.device, '/atoll/introduction/1', new AbortController().signal)
        await until(() => [a.path(b.device), b.path(a.device)].every((each) => each.path === path), 'WebRTC on both sides')
        stream.close('introduced')
      },
      // The packets of a data channel pass no proxy: what a stalled reader costs there is shown with a process that is stopped.
      ...(path === 'relayed' ? { stall: (_: Network, to: Network) => peers.get(to)?.stall({ down: true }) } : {}),
      settled: (promise) => promise,
      until,
      [Symbol.asyncDispose]: async () => {
        await Promise.all([...peers.keys()].map((peer) => peer[Symbol.asyncDispose]()))
        await Promise.all([...peers.values()].map((proxy) => proxy[Symbol.asyncDispose]()))
        await relay[Symbol.asyncDispose]()
      },
    }
  }
}
