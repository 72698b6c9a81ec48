/** Many peers that only hold a reservation, told over IPC: `swarm-child.ts COUNT RELAY`. Says `ready` when all are reserved, and again after each loss. */
import { randomBytes } from 'node:crypto'
import { nodeRuntime } from '../../node/host/node-runtime.ts'
import { openLibp2pNetwork } from '../../node/host/libp2p-network.ts'
import { silentLog } from '../../node/ports/log.ts'
import type { Network } from '../../node/ports/network.ts'

const [count = '0', relay = ''] = process.argv.slice(2)
const peers: Network[] = []
for (let i = 0; i < Number(count); i++) {
  const peer = await openLibp2pNetwork({ seed: new Uint8Array(randomBytes(32)), listen: [], listenWs: [], runtime: nodeRuntime(), log: silentLog, online: true, webRtc: () => false })
  peer.useRelays([relay])
  peer.standBehind([new Uint8Array(randomBytes(32))])
  peers.push(peer)
}
let all = false
setInterval(() => {
  const reserved = peers.filter((peer) => peer.relays()[0]?.reserved).length
  if (reserved === peers.length && !all) process.send?.('ready')
  if (reserved === 0 && all) process.send?.('lost')
  all = reserved === peers.length || (all && reserved > 0)
}, 20)
