/**
 * One end of a bare libp2p stream, with the settings of our network and nothing of ours on it. Without an address it
 * listens, prints its address and takes what comes; with one it sends so many bytes and prints how long that took, until
 * the other end said that it has them all. With the address of a relay as the third argument both meet there.
 */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { setTimeout as pause } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import { createNode } from '../../node/host/libp2p/create-libp2p.ts'

const [bytes = '0', address = '', relay = ''] = process.argv.slice(2)
const protocol = '/floor'
const chunk = new Uint8Array(64 * 1024)
const node = await createNode({ key: await generateKeyPair('Ed25519'), listen: address !== '' ? [] : [relay === '' ? '/ip4/127.0.0.1/tcp/0' : `${relay}/p2p-circuit`], gater: {}, transports: relay === '' ? [] : [circuitRelayTransport()], announced: () => [] })
await node.start()
if (address === '') {
  await node.handle(protocol, async (stream) => {
    let got = 0
    for await (const data of stream) {
      got += data.byteLength
      if (got >= Number(bytes)) break
    }
    stream.send(Uint8Array.of(1))
    await stream.close()
  })
  // Through a relay it listens only once it has a reservation.
  const listening = (): string | undefined => node.services.inside.listeners().flat().map(String).find((text) => relay === '' || text.includes('p2p-circuit'))
  while (listening() === undefined) await pause(20)
  const id = `/p2p/${node.peerId.toString()}`
  console.log(`${(listening() as string).replace(id, '')}${id}`)
} else {
  const stream = await node.dialProtocol(multiaddr(address), protocol)
  const start = performance.now()
  for (let sent = 0; sent < Number(bytes); sent += chunk.length) if (!stream.send(chunk)) await stream.onDrain()
  for await (const answer of stream) if (answer.byteLength > 0) break
  console.log((performance.now() - start) / 1000)
  process.exit(0)
}
