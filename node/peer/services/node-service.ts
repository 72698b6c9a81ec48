import type { NodeService, NodeStatus } from '../../ports/services.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { wrongKeyWarnings } from '../mesh/wrong-keys.ts'
import { nodeMetrics } from './node-metrics.ts'
import { budgetsShown, offendersShown } from './misconduct-shown.ts'
import { findings } from './net-check.ts'
import type { ServicesHost } from './services-host.ts'

export function nodeService(peer: ServicesHost): NodeService {
  return {
    async status() {
      const { config, network, process: { pid, home, socket }, metricsServed } = peer.needs
      const served = metricsServed?.()
      const meshes = [...peer.meshes.values()]
      const worst = meshes.map(({ replica }) => replica.storage).find((storage) => storage !== 'ok') ?? 'ok'
      return {
        version: peer.version,
        pid,
        home,
        socket,
        device: peer.identity.device,
        addresses: network.addresses(),
        started_at: peer.startedAt,
        network: config.current().network,
        storage: worst === 'readonly' ? 'read-only' : worst,
        sessions: peer.sessions.shown().length,
        metrics: served?.url ?? null,
        token: peer.needs.token?.name ?? null,
        meshes: meshes.map((mesh) => {
          const others = mesh.others()
          const online = others.filter((device) => mesh.isOnline(device))
          return { name: mesh.names.mesh(), mesh: mesh.id, peers_online: online.length, entries: mesh.entries(), synced: online.every((device) => mesh.isSynced(device)) }
        }),
        offenders: offendersShown(peer),
        budgets: budgetsShown(peer),
        warnings: [...peer.warnings, ...(served?.problem ? [served.problem] : []), ...meshes.flatMap(damageWarning), ...meshes.flatMap(changedWarnings), ...meshes.flatMap(requestWarning), ...meshes.flatMap(({ replica, names }) => wrongKeyWarnings(replica, names))],
      } satisfies NodeStatus
    },
    metrics: async () => nodeMetrics(peer),
    async netcheck(signal) {
      const { config, network } = peer.needs
      const facts = await network.check(signal)
      const listens = network.addresses().filter((address) => !address.includes('/p2p-circuit'))
      const relays = network.relays()
      return { families: facts.families, relays, listens, findings: findings({ facts, relays, settings: config.current(), listens: listens.length > 0 }) }
    },
    async stop() {
      peer.needs.onStop()
    },
  }
}

/** Said until the person confirms the member again. */
function changedWarnings({ names, verified }: RunningMesh): string[] {
  return verified.changed().map((member) => `${names.member(member)} in ${names.mesh()} has other devices or keys than when you verified them: ${verified.news(member).map((device) => device.slice(0, 12)).join(', ')}. Ask them, then \`atoll verify ${names.member(member)} --confirm\`.`)
}

function requestWarning({ names, requests }: RunningMesh): string[] {
  const waiting = requests.count()
  return waiting === 0 ? [] : [`${waiting === 1 ? 'Somebody asks' : `${waiting} people ask`} to be let into ${names.mesh()}: \`atoll invite requests\`.`]
}

/** Said until a start that finds nothing: the file that was set aside may be all that is left of what no peer has. */
function damageWarning({ names, replica }: RunningMesh): string[] {
  const { damage } = replica.store
  if (!damage) return []
  return [`The store of ${names.mesh()} was damaged (${damage.why}). It is kept as ${damage.movedTo}; ${damage.entries} entries were saved from it, the others are asked of peers.`]
}
