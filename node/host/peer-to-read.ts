/** The peer of a command that only reads, on a profile that cannot be written: it meets nobody and keeps nothing. */
import { join } from 'node:path'
import { nodeBlobCrypto } from './blobs/node-blob-crypto.ts'
import { openBlobsToRead } from './blobs/blobs-to-read.ts'
import { makeIdentity } from '../peer/mesh/make-identity.ts'
import { Peer } from '../peer/peer.ts'
import { noNetwork } from './no-network.ts'
import { processUsage } from './process-usage.ts'
import { nodeRuntime } from './node-runtime.ts'
import type { OpenPeerFunction } from './open-peer.ts'
import { profileOnDisk } from './profile-on-disk.ts'

export const openPeer: OpenPeerFunction = async ({ home, config, log, version, socket }) => {
  const runtime = nodeRuntime()
  const profile = profileOnDisk(home, process.env, { readOnly: true })
  const { promise: stopRequested, resolve: onStop } = Promise.withResolvers<void>()
  const peer = new Peer({
    profile,
    config,
    network: noNetwork(makeIdentity(profile.device.seed, profile.device.sealingSecret).device),
    runtime,
    log,
    version,
    process: { pid: process.pid, home, socket, usage: processUsage },
    onStop,
    blobs: openBlobsToRead(join(home, 'blobs'), { crypto: nodeBlobCrypto, log }),
    blobCrypto: nodeBlobCrypto,
    deviceOf: () => undefined,
  })
  return {
    host: peer,
    device: peer.identity.device,
    addresses: () => [],
    stopRequested,
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]()
      runtime[Symbol.dispose]()
    },
  }
}
