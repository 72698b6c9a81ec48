/** The end of a scenario: everything is mended, everybody starts, and time goes by until nothing moves any more. */
import { headsDigest } from '../../crdt/sync/heads.ts'
import { toHex, type MeshId } from '../../crdt/wire/ids.ts'
import type { Performer } from './perform.ts'
import type { SimPeer } from './sim-peer.ts'
import type { SimWorld } from './sim-world.ts'

const lookEveryMs = 1_000
const quietMs = 8_000
const patienceMs = 400_000

/** @returns what keeps the world from coming to rest, or undefined when it has */
export async function settle(world: SimWorld, performer: Performer): Promise<string | undefined> {
  const { time, net, mesh } = world
  net.heal()
  performer.stop()
  for (const [i, a] of world.peers.entries()) {
    for (const b of world.peers.slice(i + 1)) net.setLink(a.device, b.device, { latencyMs: 1, jitterMs: 0, breakChance: 0 })
  }
  for (const peer of world.peers) {
    peer.crash({ silent: false })
    // Failures that were planned and have not struck never will.
    peer.disk.cutLoose()
    peer.start()
    await peer.setOnline(true)
  }
  if (mesh === undefined) return undefined
  let last = ''
  let quietSince = time.timers.elapsed()
  for (const end = time.timers.elapsed() + patienceMs; time.timers.elapsed() < end; ) {
    await time.advance(lookEveryMs)
    const now = admitted(world, mesh).map((peer) => headsOf(peer, mesh))
    const state = now.join()
    if (state !== last || new Set(now).size > 1) quietSince = time.timers.elapsed()
    last = state
    if (time.timers.elapsed() - quietSince >= quietMs) return undefined
  }
  const heads = new Map(admitted(world, mesh).map((peer) => [peer.name, headsOf(peer, mesh).slice(0, 6)]))
  return `C3: after ${patienceMs / 1000} s in which everybody could reach everybody, heads still differ or move: ${JSON.stringify(Object.fromEntries(heads))}\n${lacking(world, mesh)}`
}

/** Peers that run the mesh and that the one who knows most of it counts in. */
export function admitted(world: SimWorld, mesh: MeshId): SimPeer[] {
  const running = world.peers.filter((peer) => peer.replica(mesh))
  const size = (peer: SimPeer): number => peer.replica(mesh)?.membership.history.size ?? 0
  const [wisest] = running.toSorted((a, b) => size(b) - size(a) || (a.name < b.name ? -1 : 1))
  const view = wisest?.replica(mesh)?.membership.now()
  return running.filter((peer) => view?.device(peer.device))
}

function headsOf(peer: SimPeer, mesh: MeshId): string {
  return toHex(headsDigest(peer.replica(mesh)?.logs() ?? []))
}

/** Who lacks what, for a person who looks for the reason. */
function lacking(world: SimWorld, mesh: MeshId): string {
  const peers = admitted(world, mesh)
  const all = new Map<string, number>()
  for (const peer of peers) for (const { log, seq } of peer.replica(mesh)?.logs() ?? []) all.set(log, Math.max(seq, all.get(log) ?? 0))
  const lines: string[] = []
  for (const peer of peers) {
    const replica = peer.replica(mesh)
    for (const [log, seq] of all) {
      const held = replica?.log(log as never)
      if ((held?.seq ?? 0) < seq || held?.refused !== undefined || held?.forked) {
        const author = peers.map((other) => other.replica(mesh)?.log(log as never)).find(Boolean)
        lines.push(`${peer.name} has ${held?.seq ?? 0} of ${seq} of the ${author?.type} log ${log.slice(0, 6)} of ${world.byDevice(author?.device as never)?.name}${held?.refused === undefined ? '' : `, refused: ${held.refused}`}${held?.forked ? ', forked' : ''}`)
      }
    }
  }
  return lines.slice(0, 20).join('\n')
}
