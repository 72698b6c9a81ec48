/** The program `atoll` over the peer in memory: what end-to-end tests of the surfaces run as a process. */
import { main } from '../../cli/main.ts'
import { openMemoryPeer } from './memory-peer.ts'

await main(openMemoryPeer)
