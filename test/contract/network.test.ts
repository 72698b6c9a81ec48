import { describe } from 'vitest'
import { libp2pWorld } from './network-libp2p-world.ts'
import { memoryWorld } from './network-memory-world.ts'
import { relayedWorld } from './network-relayed-world.ts'
import type { NetworkWorld } from './network-pair.ts'
import { networkLoadContract } from './network-load.contract.ts'
import { networkContract } from './network.contract.ts'

function both(openWorld: () => Promise<NetworkWorld>): void {
  networkContract(openWorld)
  networkLoadContract(openWorld)
}

describe('the network in memory', () => {
  both(memoryWorld)
})
describe('the network over libp2p and TCP', () => {
  both(libp2pWorld('tcp'))
})
describe('the network over libp2p and WebSocket', () => {
  both(libp2pWorld('ws'))
})
describe('the network through a relay', () => {
  both(relayedWorld('relayed'))
})
describe('the network over WebRTC', () => {
  both(relayedWorld('direct:webrtc'))
})
