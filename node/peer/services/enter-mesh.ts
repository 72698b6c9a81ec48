import type { MeshId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import type { Replica } from '../replica/replica.ts'
import { summaryOf } from './mesh-service.ts'
import { oneAtATime, type ServicesHost } from './services-host.ts'

/**
 * Runs a mesh that this device was not in: `enter` fills an empty replica until the device has its place, or throws and
 * nothing of it is kept. Throws already_joined, offline or busy.
 */
export async function enterMesh(peer: ServicesHost, mesh: MeshId, enter: (replica: Replica) => Promise<void>): Promise<RunningMesh> {
  const { profile, config } = peer.needs
  const present = peer.meshes.get(mesh)
  if (present) throw new AtollError('already_joined', { name: summaryOf(peer, present).member_name })
  if (config.current().network === 'off') throw new AtollError('offline')
  return oneAtATime(peer, mesh, async () => {
    const replica = peer.openReplica(mesh)
    // It could not be opened when this node started, and can be now: joined anew it might be dropped with all it holds.
    if (profile.meshes().some((kept) => kept.mesh === mesh && kept.complete)) throw new AtollError('already_joined', { name: summaryOf(peer, peer.run(replica)).member_name })
    try {
      await enter(replica)
      profile.keep(mesh)
    } catch (error) {
      await replica.close()
      profile.drop(mesh)
      throw error
    }
    return peer.run(replica)
  })
}

/** Resolves when it is time to look again for somebody who lets us in, or the signal fires. */
export function untilNextRound({ timers }: Runtime, signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve) => {
    const timer = timers.after(3_000, resolve)
    signal.addEventListener('abort', () => (timer[Symbol.dispose](), resolve()), { once: true })
  })
}
