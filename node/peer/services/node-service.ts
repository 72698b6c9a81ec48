import type { NodeService, NodeStatus } from '../../ports/services.ts'
import type { ServicesHost } from './services-host.ts'

export function nodeService(peer: ServicesHost): NodeService {
  return {
    async status() {
      const { config, network, process } = peer.needs
      const meshes = [...peer.meshes.values()]
      const worst = meshes.map(({ replica }) => replica.storage).find((storage) => storage !== 'ok') ?? 'ok'
      return {
        version: peer.version,
        ...process,
        device: peer.identity.device,
        addresses: network.addresses(),
        started_at: peer.startedAt,
        network: config.current().network,
        storage: worst === 'readonly' ? 'read-only' : worst,
        sessions: peer.sessions.shown().length,
        meshes: meshes.map((mesh) => {
          const others = mesh.others()
          const online = others.filter((device) => mesh.isOnline(device))
          return { name: mesh.names.mesh(), mesh: mesh.id, peers_online: online.length, entries: mesh.entries(), synced: online.every((device) => mesh.isSynced(device)) }
        }),
        warnings: peer.warnings,
      } satisfies NodeStatus
    },
    async stop() {
      peer.needs.onStop()
    },
  }
}
