import { describe } from 'vitest'
import { libp2pWorld } from './network-libp2p-world.ts'
import { memoryWorld } from './network-memory-world.ts'
import { relayedWorld } from './network-relayed-world.ts'
import type { NetworkWorld } from './network-pair.ts'
import { networkLoadContract, networkStallContract } from './network-load.contract.ts'
import { networkContract } from './network.contract.ts'

function all(openWorld: () => Promise<NetworkWorld>): void {
  networkContract(openWorld)
  networkLoadContract(openWorld)
  networkStallContract(openWorld)
}

describe('the network in memory', () => {
  all(memoryWorld)
})
describe('the network over libp2p and TCP', () => {
  all(libp2pWorld('tcp'))
})
describe('the network over libp2p and WebSocket', () => {
  all(libp2pWorld('ws'))
})
describe('the network through a relay', () => {
  all(relayedWorld('relayed'))
})
describe('the network over WebRTC', () => {
  networkContract(relayedWorld('direct:webrtc'))
  networkLoadContract(relayedWorld('direct:webrtc'))
})
