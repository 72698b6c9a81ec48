/** A relay in a process of its own, that slows nobody down: `relay-child.ts PORT SEED` prints its address. */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { startRelay } from '../../relay/relay.ts'

const [port = '0', seed = '1'] = process.argv.slice(2)
const unlimited = Number.MAX_SAFE_INTEGER
const relay = await startRelay({
  key: await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(Number(seed))),
  listen: `127.0.0.1:${port}`,
  listenWs: '127.0.0.1:0',
  http: '127.0.0.1:0',
  log: { info: () => {}, warn: () => {}, debug: () => {} },
  version: 'bench',
  limits: { bytesPerPeerPerSecond: unlimited, bytesPerPeerBurst: unlimited },
})
console.log(relay.addresses[0])
