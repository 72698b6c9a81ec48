/** Messages: each is with everyone it is for, handed out once, and receipts claim nothing that is not so. */
import type { LogId, MeshId } from '../../crdt/wire/ids.ts'
import { readMessage } from '../../crdt/docs/messages.ts'
import type { Promises } from './promises.ts'
import type { SimPeer } from './sim-peer.ts'
import type { SimWorld } from './sim-world.ts'
import { wasExcepted } from './was-excepted.ts'

/** What senders are told of their messages, against what recipients ever opened or held. @returns breaches */
export async function sampleReceipts(world: SimWorld, promises: Promises): Promise<string[]> {
  const { mesh } = world
  if (mesh === undefined) return []
  const breaches: string[] = []
  for (const { by, what } of promises.claims) {
    const replica = by.replica(mesh)
    if (what.type !== 'message' || !replica || replica.storage !== 'ok') continue
    const row = readMessage(replica.store, what.id)
    if (!row) continue
    const { recipients } = await by.services(mesh, new AbortController().signal).messages.status(what.id)
    for (const { device, state } of recipients) {
      const other = world.peers.find((peer) => peer.device === device)
      if (!other) continue
      const opened = world.watch.hasOpened(other.device, what.id)
      if (state !== 'pending' && state !== 'stored' && !opened) breaches.push(`C4: ${by.name} is told that "${what.text}" reached ${other.name}, which never opened it`)
      if (state === 'stored' && world.watch.everHeld(other.device, row.log as LogId) < row.seq) breaches.push(`C4: ${by.name} is told that "${what.text}" is stored with ${other.name}, which never held it`)
    }
  }
  return breaches
}

/** In the end: every message is with everyone it was for, and is handed out once. @returns breaches */
export async function checkMessages(world: SimWorld, mesh: MeshId, peers: readonly SimPeer[], promises: Promises): Promise<string[]> {
  const breaches: string[] = []
  for (const peer of peers) {
    const { messages } = peer.services(mesh, new AbortController().signal)
    for (;;) {
      const page = await world.time.resolve(messages.inbox({ wait_ms: 0, limit: 50, peek: false }, new AbortController().signal), 10_000)
      promises.drained(peer, page.map(({ id }) => id))
      if (page.length === 0) break
    }
  }
  const view = peers[0]?.replica(mesh)?.membership.now()
  for (const { by, what } of promises.claims) {
    // Content of those who are out may fall with them (rule T4).
    if (what.type !== 'message' || promises.wasOut(by) || !view?.isWriter(by.device) || wasExcepted(peers[0]?.replica(mesh), by.device)) continue
    const row = by.replica(mesh) && readMessage((by.replica(mesh) as NonNullable<ReturnType<SimPeer['replica']>>).store, what.id)
    for (const peer of peers) {
      if (peer === by || !isFor(peer, what.to)) continue
      const { ids, pending } = promises.handed(peer)
      if (!ids.has(what.id) && pending === 0) breaches.push(`D1: ${peer.name} was never handed "${what.text}" from ${by.name}${row ? '' : ', who does not have it either'}`)
    }
  }
  return breaches
}

/** Direct messages are sealed to whom the sender saw in the mesh then; one that joined anew has another name. */
function isFor(peer: SimPeer, to: readonly string[]): boolean {
  return to.includes('*') || to.includes(peer.name)
}
