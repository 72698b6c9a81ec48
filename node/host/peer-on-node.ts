/** The real peer on a Node machine: profile on disk, SQLite, libp2p. */
import { join } from 'node:path'
import type { MeshId } from '../../crdt/wire/ids.ts'
import { AtollError } from '../ports/errors.ts'
import { Peer } from '../peer/peer.ts'
import { TokenRun } from '../peer/services/token-run.ts'
import { joinDocument } from '../peer/services/documents-service.ts'
import { operations } from '../ops/index.ts'
import { usualReserve } from '../peer/blobs/require-room.ts'
import { forgetDevice } from './device-key.ts'
import { nodeBlobCrypto } from './blobs/node-blob-crypto.ts'
import { openDiskBlobs } from './blobs/disk-blob-store.ts'
import { roomOnDisk } from './blobs/room-on-disk.ts'
import { NodeDocumentsEndpoint } from './documents-endpoint.ts'
import { peerIdTextToDevice } from './libp2p/device-peer-id.ts'
import { openLibp2pNetwork } from './libp2p-network.ts'
import { rememberPorts, withLastPorts } from './last-ports.ts'
import { MetricsEndpoint } from './metrics-endpoint.ts'
import { processUsage } from './process-usage.ts'
import { localFiles } from './local-files.ts'
import { nodeRuntime } from './node-runtime.ts'
import type { OpenPeer, OpenPeerFunction, OpenPeerOptions } from './open-peer.ts'
import { profileOnDisk } from './profile-on-disk.ts'

/** How long a node may look for a member before it gives up starting: less than commands wait for it. */
const enterWithinMs = 20_000

export const openPeer: OpenPeerFunction = async (options) => {
  const opened = await openOnce(options)
  // An earlier run by the token ended here without a word, and was taken out since: begin anew, as another device.
  return opened ?? (await openOnce(options)) as OpenPeer
}

/** @returns undefined where the profile was left by a run by this token that is over; it is empty now */
async function openOnce({ home, config, log, version, socket, token }: OpenPeerOptions): Promise<OpenPeer | undefined> {
  const runtime = nodeRuntime()
  const profile = profileOnDisk(home, process.env)
  const settings = config.current()
  const split = (addresses: string): string[] => addresses.split(',').filter((address) => address !== '')
  const [listen, listenWs] = [split(settings.listen), split(settings.listen_ws)]
  const open = (addresses: readonly string[]): ReturnType<typeof openLibp2pNetwork> =>
    openLibp2pNetwork({ seed: profile.device.seed, listen: addresses.slice(0, listen.length), listenWs: addresses.slice(listen.length), runtime, log: log.scope('network'), online: settings.network === 'on', webRtc: () => config.current().webrtc === 'on', lan: () => config.current().lan_discovery === 'on' })
  const chosen = [...listen, ...listenWs]
  const network = await open(withLastPorts(home, chosen)).catch((error: unknown) => {
    // The last port may be somebody else's by now; what was set by hand fails again and says so.
    log.info('last_port_is_taken', { why: String(error) })
    return open(chosen)
  })
  rememberPorts(home, network.addresses().filter((address) => !address.includes('/p2p-circuit')))
  const blobs = await openDiskBlobs({ folder: join(home, 'blobs'), crypto: nodeBlobCrypto, clock: runtime.clock, log: log.scope('blobs'), room: roomOnDisk(home, () => config.current().files_quota) })
  const { promise: stopRequested, resolve: onStop } = Promise.withResolvers<void>()
  const editors = new NodeDocumentsEndpoint({
    log: log.scope('documents'),
    random: runtime.random,
    join: (mesh, document, socket) => {
      const running = peer.meshes.get(mesh as MeshId)
      return running && joinDocument(running, document, socket)
    },
  })
  const peer: Peer = new Peer({
    operations: operations.map(({ name }) => name),
    metricsServed: () => metrics.served(),
    profile,
    config,
    network,
    runtime,
    log,
    version,
    process: { pid: process.pid, home, socket, usage: processUsage },
    onStop,
    ...(token ? { token: { name: token.name, scopes: token.scopes } } : {}),
    openDocuments: () => editors.open(),
    blobs,
    blobCrypto: nodeBlobCrypto,
    files: localFiles({ random: runtime.random, reserve: usualReserve }),
    deviceOf: (address) => (address.includes('/p2p-circuit') ? undefined : peerIdTextToDevice(address.split('/p2p/').at(-1) ?? '')),
  })
  const metrics = new MetricsEndpoint({ host: peer, log: log.scope('metrics') })
  await metrics.serve(settings.metrics)
  const watching = config.watch(({ network: wanted, metrics: place }) => {
    void metrics.serve(place)
    network.setOnline(wanted === 'on').then(() => wanted === 'on' && peer.engine.retryAll(), (error: unknown) => log.error('network_switch_failed', { why: String(error) }))
  })
  const run = token && new TokenRun(peer, token)
  const close = async (): Promise<void> => {
    watching[Symbol.dispose]()
    await metrics[Symbol.asyncDispose]()
    await editors[Symbol.asyncDispose]()
    await peer[Symbol.asyncDispose]()
    runtime[Symbol.dispose]()
  }
  const forget = (): void => {
    if (token) profile.drop(token.mesh as MeshId)
    forgetDevice(home)
  }
  if (run?.isSpent === true) {
    await close()
    forget()
    return undefined
  }
  try {
    await run?.enter((text) => log.info('token', { doing: text }), AbortSignal.timeout(enterWithinMs))
  } catch (error) {
    await close()
    if (error instanceof AtollError) throw error
    throw new AtollError('nobody_online', {}, { cause: error })
  }
  return {
    host: peer,
    device: peer.identity.device,
    addresses: () => network.addresses(),
    stopRequested,
    async [Symbol.asyncDispose]() {
      const left = await run?.leave().catch((error: unknown) => {
        log.warn('token_not_left', { why: String(error) })
        return false
      })
      await close()
      if (left === true) forget()
    },
  }
}
