/** A peer that nobody can dial, to be stopped from outside: `stopped-peer-child.ts RELAY` says its device. */
import { randomBytes } from 'node:crypto'
import { nodeRuntime } from '../../node/host/node-runtime.ts'
import { openLibp2pNetwork } from '../../node/host/libp2p-network.ts'
import { silentLog } from '../../node/ports/log.ts'

const [relay = ''] = process.argv.slice(2)
const peer = await openLibp2pNetwork({ seed: new Uint8Array(randomBytes(32)), listen: [], listenWs: [], runtime: nodeRuntime(), log: silentLog, online: true })
peer.handle('/atoll/contract/1', (stream) => stream.onFrame(() => {}))
peer.acquaint({ has: () => true, all: () => [] })
peer.useRelays([relay])
process.send?.(peer.device)
