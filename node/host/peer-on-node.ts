/** The real peer on a Node machine: profile on disk, SQLite, libp2p. */
import { Peer } from '../peer/peer.ts'
import { peerIdTextToDevice } from './libp2p/device-peer-id.ts'
import { openLibp2pNetwork } from './libp2p-network.ts'
import { nodeRuntime } from './node-runtime.ts'
import type { OpenPeerFunction } from './open-peer.ts'
import { profileOnDisk } from './profile-on-disk.ts'

export const openPeer: OpenPeerFunction = async ({ home, config, log, version, socket }) => {
  const runtime = nodeRuntime()
  const profile = profileOnDisk(home, process.env)
  const settings = config.current()
  const split = (addresses: string): string[] => addresses.split(',').filter((address) => address !== '')
  const network = await openLibp2pNetwork({ seed: profile.device.seed, listen: split(settings.listen), listenWs: split(settings.listen_ws), runtime, log: log.scope('network'), online: settings.network === 'on' })
  const { promise: stopRequested, resolve: onStop } = Promise.withResolvers<void>()
  const peer = new Peer({
    profile,
    config,
    network,
    runtime,
    log,
    version,
    process: { pid: process.pid, home, socket },
    onStop,
    deviceOf: (address) => (address.includes('/p2p-circuit') ? undefined : peerIdTextToDevice(address.split('/p2p/').at(-1) ?? '')),
  })
  const watching = config.watch(({ network: wanted }) => {
    network.setOnline(wanted === 'on').then(() => wanted === 'on' && peer.engine.retryAll(), (error: unknown) => log.error('network_switch_failed', { why: String(error) }))
  })
  return {
    host: peer,
    device: peer.identity.device,
    addresses: () => network.addresses(),
    stopRequested,
    async [Symbol.asyncDispose]() {
      watching[Symbol.dispose]()
      await peer[Symbol.asyncDispose]()
      runtime[Symbol.dispose]()
    },
  }
}
