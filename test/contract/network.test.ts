import { describe } from 'vitest'
import { libp2pWorld } from './network-libp2p-world.ts'
import { memoryWorld } from './network-memory-world.ts'
import { relayedWorld } from './network-relayed-world.ts'
import { networkContract } from './network.contract.ts'

describe('the network in memory', () => {
  networkContract(memoryWorld)
})
describe('the network over libp2p and TCP', () => {
  networkContract(libp2pWorld('tcp'))
})
describe('the network over libp2p and WebSocket', () => {
  networkContract(libp2pWorld('ws'))
})
describe('the network through a relay', () => {
  networkContract(relayedWorld('relayed'))
})
describe('the network over WebRTC', () => {
  networkContract(relayedWorld('direct:webrtc'))
})
