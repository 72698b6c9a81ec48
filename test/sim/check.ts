/** What must hold when everything is mended and at rest. */
import type { Entry } from '../../crdt/log/entry.ts'
import { readEntry } from '../../crdt/log/entry.ts'
import type { EntryId, LogId, MeshId } from '../../crdt/wire/ids.ts'
import { LiveDocuments } from '../../node/peer/documents/live-documents.ts'
import { silentLog } from '../../node/ports/log.ts'
import { readMessage } from '../../crdt/docs/messages.ts'
import { versionsOf } from '../../node/peer/services/register-history.ts'
import type { Replica } from '../../node/peer/replica/replica.ts'
import { checkMessages, sampleReceipts } from './check-messages.ts'
import { sampleSynced } from './check-synced.ts'
import { difference, dump } from './dump.ts'
import type { Claim, Promises } from './promises.ts'
import { admitted } from './settle.ts'
import type { SimPeer } from './sim-peer.ts'
import type { SimWorld } from './sim-world.ts'
import { wasExcepted } from './was-excepted.ts'

const rebuiltAtMost = 12

/** @returns breaches, each beginning with the rule's id */
export async function check(world: SimWorld, promises: Promises): Promise<string[]> {
  const { mesh } = world
  if (mesh === undefined) return []
  const peers = admitted(world, mesh)
  if (peers.length === 0) return []
  const breaches = [...allSynced(peers, mesh), ...sampleSynced(world), ...opened(peers, mesh), ...effective(peers, mesh), ...outsiders(world, peers, mesh), ...accused(world)]
  const dumps = await equalAnswers(peers, mesh, breaches)
  breaches.push(...kept(peers, mesh, promises))
  breaches.push(...(await checkMessages(world, mesh, peers, promises)), ...(await sampleReceipts(world, promises)))
  await rebuilt(world, peers, mesh, dumps, breaches)
  return breaches
}

function replicaOf(peer: SimPeer, mesh: MeshId): Replica {
  const replica = peer.replica(mesh)
  if (!replica) throw new Error(`${peer.name} does not run the mesh`)
  return replica
}

/** C4: at rest, everybody says of everybody it has a session with that they are in sync. */
function allSynced(peers: readonly SimPeer[], mesh: MeshId): string[] {
  return peers.flatMap((peer) =>
    peers.flatMap((other) => {
      if (peer === other) return []
      const session = peer.peer?.engine.mesh(mesh)?.sessions.get(other.device)
      return session?.isSynced === false ? [`C4: ${peer.name} does not say that ${other.name} is in sync, though both hold the same`] : []
    }),
  )
}

/** T8: nothing that an honest device does counts as misconduct, whatever the network does to it. */
function accused(world: SimWorld): string[] {
  return world.peers.flatMap((peer) => (peer.peer?.misconduct.offenders() ?? []).map(({ device, offence }) => `T8: ${peer.name} holds ${world.byDevice(device)?.name} for an offender: ${offence}`))
}

/** T6: every admitted reader was handed every key it needs. */
function opened(peers: readonly SimPeer[], mesh: MeshId): string[] {
  return peers.flatMap((peer) => {
    const waiting = replicaOf(peer, mesh).store.count('unopened')
    return waiting > 0 ? [`T6: ${peer.name} has ${waiting} entries whose key it was never handed`] : []
  })
}

/** T3: honest devices write no operation that its own frontier refuses. */
function effective(peers: readonly SimPeer[], mesh: MeshId): string[] {
  const { refusals, history } = replicaOf(peers[0] as SimPeer, mesh).membership
  return [...refusals].map(([id, why]) => `T3: an honest device wrote a ${history.entries[history.at(id) ?? -1]?.op.type} that has no effect: ${why}`)
}

/** C1: every query has one answer. */
async function equalAnswers(peers: readonly SimPeer[], mesh: MeshId, breaches: string[]): Promise<Map<SimPeer, string[]>> {
  const dumps = new Map<SimPeer, string[]>()
  for (const peer of peers) dumps.set(peer, await dump(peer, mesh))
  const [first, ...others] = peers
  for (const other of others) {
    const differs = difference(dumps.get(first as SimPeer) as string[], dumps.get(other) as string[])
    if (differs !== undefined) breaches.push(`C1: ${(first as SimPeer).name} and ${other.name} answer differently: ${differs}`)
  }
  return dumps
}

/** D3: projections that are thrown away come back the same. */
async function rebuilt(world: SimWorld, peers: readonly SimPeer[], mesh: MeshId, dumps: ReadonlyMap<SimPeer, string[]>, breaches: string[]): Promise<void> {
  for (const peer of peers.slice(0, rebuiltAtMost)) {
    await world.time.resolve(replicaOf(peer, mesh).rebuild(), 10_000)
    const differs = difference(await dump(peer, mesh), dumps.get(peer) as string[])
    if (differs !== undefined) breaches.push(`D3: ${peer.name} answers differently after a rebuild: ${differs}`)
  }
}

/** D1: what was acknowledged is there, at everybody, whoever crashed since. */
function kept(peers: readonly SimPeer[], mesh: MeshId, promises: Promises): string[] {
  const [witness] = peers
  const view = replicaOf(witness as SimPeer, mesh).membership.now()
  return promises.claims.flatMap((claim) => {
    // Content of those who are out may fall with them (rule T4); C1 says that it does so everywhere alike.
    if (promises.wasOut(claim.by) || !view.isWriter(claim.by.device) || wasExcepted(replicaOf(witness as SimPeer, mesh), claim.by.device)) return []
    // A direct message is for its author and whom it was sent to; an author whose old copy does not know the mesh is not asked.
    const holder = claim.what.type === 'message' ? claim.by.replica(mesh) : replicaOf(witness as SimPeer, mesh)
    return !holder || isKept(claim, holder) ? [] : [`D1: what ${claim.by.name} was told is done is gone: ${JSON.stringify(claim.what)}`]
  })
}

function isKept({ what, by }: Claim, replica: Replica): boolean {
  const many = 100_000
  switch (what.type) {
    case 'value': return versionsOf(replica, 'state', what.key, many).some(({ value, deleted }) => !deleted && value === JSON.stringify(what.value))
    case 'deletion': return versionsOf(replica, 'state', what.key, many).some(({ device, clock, deleted }) => deleted && device === by.device && clock.ms === what.at)
    case 'note': return versionsOf(replica, 'memory', what.id, many).some(({ deleted }) => !deleted)
    case 'forgotten': return versionsOf(replica, 'memory', what.id, many).some(({ deleted }) => deleted)
    case 'message': return readMessage(replica.store, what.id) !== undefined
    case 'line': return textOf(replica, what.document).split('\n').includes(what.line)
  }
}

/** What whoever opens a document reads. */
function textOf(replica: Replica, id: string): string {
  const live = new LiveDocuments({ replica, random: { bytes: (length) => new Uint8Array(length) }, log: silentLog, whisper: () => undefined })
  using held = live.hold(id)
  const text = held.document.text('content') ?? ''
  live.stop()
  return text
}

/** T6: what was written in knowledge of a removal cannot be opened by the removed, who also learn that they are out. */
function outsiders(world: SimWorld, peers: readonly SimPeer[], mesh: MeshId): string[] {
  const witness = replicaOf(peers[0] as SimPeer, mesh)
  const { membership } = witness
  const view = membership.now()
  const breaches: string[] = []
  for (const peer of world.peers) {
    const member = membership.memberOf(peer.device)
    const state = member && view.member(member)
    if (view.device(peer.device) || !state || state.status !== 'removed') continue
    const store = peer.disk.store(mesh)
    if (!store) continue
    // Whoever comes back is given the keys of what was written meanwhile: only a removal that knows of every admission is meant.
    const admissions = membership.history.entries.flatMap(({ op, id }) => (op.type === 'admit' && op.member === member ? [id] : []))
    const removals = membership.history.entries.filter((entry, at) => entry.op.type === 'remove' && entry.op.member === member && view.reading.stands(at)).flatMap(({ id }) => (membership.covers([id], admissions) ? [id] : []))
    for (const { entry, frontier } of contentOf(witness)) {
      const epoch = entry.sealing?.epoch
      if (epoch === undefined || !removals.some((removal) => membership.covers(frontier, [removal]))) continue
      if (store.get('epoch', epoch) !== undefined) breaches.push(`T6: ${peer.name}, removed, holds the key to an entry that ${world.byDevice(entry.device)?.name} wrote knowing of it`)
    }
    if (peer.replica(mesh)?.membership.now().device(peer.device)) breaches.push(`C3: ${peer.name} was removed and has not learned of it`)
  }
  return breaches
}

function* contentOf({ store }: Replica): Generator<{ readonly entry: Entry; readonly frontier: readonly EntryId[] }> {
  const frontiers = new Map<LogId, readonly EntryId[]>()
  for (const { bytes, log } of store.replay('content', 0, 1_000_000)) {
    const read = readEntry(bytes)
    if (!read.ok) throw new Error(read.detail)
    const frontier = read.entry.frontier ?? frontiers.get(log) ?? []
    frontiers.set(log, frontier)
    yield { entry: read.entry, frontier }
  }
}
