/**
 * What a scraper may know of a node; each family stands in node/README.md. Labels are ours, or the beginnings of ids; the
 * one thing of a peer's making is its name (and that of a mesh), in one family only, since whoever is renamed begins new
 * series in each that bears the name.
 */
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { metricFamily, type MetricFamily, type MetricSample } from '../../../crdt/wire/metrics-text.ts'
import { offences, type Offence } from '../misconduct.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { budgetsShown } from './misconduct-shown.ts'
import type { ServicesHost } from './services-host.ts'

/** As `peers` shows it: enough to name a peer with on the command line. */
const idLength = 12
/** A peer may call itself whatever fits into a value. */
const nameLength = 64

export function nodeMetrics(peer: ServicesHost): readonly MetricFamily[] {
  return [...ofNode(peer), ...ofMeshes(peer), ...ofPeers(peer), ...ofPeersInMeshes(peer), ...ofMisconduct(peer), ...peer.meter.families()]
}

function ofNode({ needs, version, identity, sessions, blobs }: ServicesHost): readonly MetricFamily[] {
  const relays = needs.network.relays()
  const files = blobs.store.usage()
  const usage = needs.process.usage?.()
  const quota = needs.config.current().files_quota
  return [
    metricFamily('atoll_node_info', 'gauge', 'Version and device of the node.', [{ labels: { version, device: shortId(identity.device) }, value: 1 }]),
    ...(usage === undefined ? [] : [
      metricFamily('atoll_node_uptime_seconds', 'gauge', 'Time since the process started.', usage.uptimeSeconds),
      metricFamily('process_resident_memory_bytes', 'gauge', 'Resident memory of the process.', usage.residentBytes),
      metricFamily('process_cpu_seconds_total', 'counter', 'Processor time of the process, its own and the system’s.', usage.cpuSeconds),
      metricFamily('atoll_node_busy_seconds_total', 'counter', 'Time in which the event loop had work: at a rate near 1 whoever calls waits.', usage.busySeconds),
    ]),
    metricFamily('atoll_node_sessions', 'gauge', 'Sessions attached that peers see.', sessions.shown().length),
    metricFamily('atoll_node_relays', 'gauge', 'Relays in use.', relays.length),
    metricFamily('atoll_node_relay_reservations', 'gauge', 'Relays through which this node can be reached.', relays.filter(({ reserved }) => reserved).length),
    metricFamily('atoll_files_chunks', 'gauge', 'Chunks of files that are here.', files.chunks),
    metricFamily('atoll_files_bytes', 'gauge', 'Bytes of those chunks.', files.bytes),
    metricFamily('atoll_files_disk_bytes', 'gauge', 'What they take on disk, dead weight included.', files.diskBytes),
    ...(quota === 0 ? [] : [metricFamily('atoll_files_quota_bytes', 'gauge', 'What files may take, where that is set.', quota)]),
    metricFamily('atoll_files_sent_bytes_total', 'counter', 'Bytes of chunks given to peers.', blobs.sentBytes),
  ]
}

function ofMeshes(peer: ServicesHost): readonly MetricFamily[] {
  const meshes = [...peer.meshes.values()].map((mesh) => ({ mesh, labels: { mesh: shortId(mesh.id) } }))
  const each = (value: (mesh: RunningMesh) => number): MetricSample[] => meshes.map(({ mesh, labels }) => ({ labels, value: value(mesh) }))
  return [
    metricFamily('atoll_mesh_info', 'gauge', 'What meshes are called.', meshes.map(({ mesh, labels }) => ({ labels: { ...labels, name: mesh.names.mesh().slice(0, nameLength) }, value: 1 }))),
    metricFamily('atoll_mesh_entries', 'gauge', 'Entries held.', each((mesh) => mesh.entries())),
    metricFamily('atoll_mesh_logs', 'gauge', 'Logs held.', each(({ replica }) => [...replica.logs()].length)),
    // Of a store that cannot be read nothing is known; the last number that was is not said again.
    metricFamily('atoll_mesh_store_bytes', 'gauge', 'What the store takes on disk.', meshes.flatMap(({ mesh: { replica }, labels }) => (replica.mayRead() ? [{ labels, value: replica.store.bytes() }] : []))),
    metricFamily('atoll_mesh_storage_ok', 'gauge', '1 while what is written is kept; 0 while the disk refuses.', each(({ replica }) => Number(replica.storage === 'ok'))),
    metricFamily('atoll_sync_sessions', 'gauge', 'Sync sessions open.', each(({ id }) => peer.engine.mesh(id)?.sessions.size ?? 0)),
  ]
}

/** Of connections, which all meshes share: with a label for the mesh a sum would count them twice. */
function ofPeers({ needs: { network }, meshes }: ServicesHost): readonly MetricFamily[] {
  const devices = [...new Set([...meshes.values()].flatMap((mesh) => mesh.others()))].map((device) => ({ device, labels: { peer: shortId(device) } }))
  const each = (value: (device: DeviceId) => number): MetricSample[] => devices.map(({ device, labels }) => ({ labels, value: value(device) }))
  return [
    metricFamily('atoll_peer_path', 'gauge', 'By which path a peer is reached, as `peers` says it.', devices.map(({ device, labels }) => ({ labels: { ...labels, path: network.path(device).path }, value: 1 }))),
    metricFamily('atoll_peer_sent_bytes_total', 'counter', 'Bytes sent to a peer since the network was switched on.', each((device) => network.traffic(device).sent)),
    metricFamily('atoll_peer_received_bytes_total', 'counter', 'Bytes received from a peer since the network was switched on.', each((device) => network.traffic(device).received)),
  ]
}

function ofPeersInMeshes({ needs: { network }, meshes, engine }: ServicesHost): readonly MetricFamily[] {
  const all = [...meshes.values()].flatMap((mesh) => mesh.others().map((device) => ({ mesh, device, labels: { mesh: shortId(mesh.id), peer: shortId(device) } })))
  const each = (value: (mesh: RunningMesh, device: DeviceId) => number | null | undefined): MetricSample[] =>
    all.flatMap(({ mesh, device, labels }) => {
      const found = value(mesh, device)
      return typeof found === 'number' ? [{ labels, value: found }] : []
    })
  return [
    metricFamily('atoll_peer_info', 'gauge', 'What peers are called, to be joined to the others by mesh and peer.', all.map(({ mesh, device, labels }) => ({ labels: { ...labels, name: nameOf(mesh, device) }, value: 1 }))),
    metricFamily('atoll_peer_online', 'gauge', '1 while a peer is here.', each((mesh, device) => Number(mesh.isOnline(device)))),
    metricFamily('atoll_peer_synced', 'gauge', '1 while a peer and this node have said that they hold the same.', each((mesh, device) => Number(mesh.isSynced(device)))),
    metricFamily('atoll_peer_rtt_seconds', 'gauge', 'Round trip to a peer, as last measured.', each(({ id }, device) => {
      const ms = engine.mesh(id)?.sessions.get(device)?.rttMs ?? network.path(device).rtt_ms
      return ms === null ? null : ms / 1000
    })),
    metricFamily('atoll_sync_sent_bytes_total', 'counter', 'Bytes of sync sent to a peer in a mesh.', each(({ id }, device) => engine.mesh(id)?.traffic.get(device)?.sent)),
    metricFamily('atoll_sync_received_bytes_total', 'counter', 'Bytes of sync received from a peer in a mesh.', each(({ id }, device) => engine.mesh(id)?.traffic.get(device)?.received)),
  ]
}

function ofMisconduct(peer: ServicesHost): readonly MetricFamily[] {
  const { misconduct } = peer
  const all = Object.keys(offences) as Offence[]
  const budgets = budgetsShown(peer).map(({ name, used, of }) => ({ labels: { budget: name }, used, of }))
  return [
    metricFamily('atoll_offences_total', 'counter', 'What others did that only the faulty or hostile do.', all.map((offence) => ({ labels: { offence }, value: misconduct.count(offence) }))),
    metricFamily('atoll_bans', 'gauge', 'Devices that are not talked to for now.', misconduct.offenders().filter(({ bannedForMs }) => bannedForMs !== null).length),
    metricFamily('atoll_budget_used', 'gauge', 'What others have filled of what is bounded, where it is fullest.', budgets.map(({ labels, used }) => ({ labels, value: used }))),
    metricFamily('atoll_budget_limit', 'gauge', 'How much may be filled.', budgets.map(({ labels, of }) => ({ labels, value: of }))),
  ]
}

function shortId(id: string): string {
  return id.slice(0, idLength)
}

function nameOf({ names, replica }: RunningMesh, device: DeviceId): string {
  return replica.mayRead() ? names.device(device).slice(0, nameLength) : ''
}
