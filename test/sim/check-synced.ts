/** Rule C4: who says that another holds the same as it does must not be wrong about it. */
import type { SimWorld } from './sim-world.ts'

/** A peer that went down is noticed by its silence: until then others believe what it last said. */
const noticedAfterMs = 16_000

/** Looking at every pair of a large world would take longer than the world itself. */
const pairsLookedAt = 400

/** What peers say now against what others durably hold. @returns breaches */
export function sampleSynced(world: SimWorld): string[] {
  const { mesh } = world
  if (mesh === undefined) return []
  const breaches: string[] = []
  const now = world.time.timers.elapsed()
  const { peers } = world
  const chance = pairsLookedAt / peers.length ** 2
  for (const peer of peers) {
    const running = peer.mesh(mesh)
    if (!running) continue
    for (const device of running.others()) {
      if (chance < 1 && world.dice.fraction() > chance) continue
      if (!running.isSynced(device)) continue
      const other = world.byDevice(device)
      // One that has left and dropped everything is noticed by its silence, too.
      if (!other?.mesh(mesh) || now - other.upSince < noticedAfterMs || !other.isUp) continue
      for (const { log, seq, id, forked, refused } of running.replica.logs()) {
        if (forked || refused !== undefined || other.disk.holds(mesh, id) !== false) continue
        const held = other.replica(mesh)?.log(log)
        if (held?.forked || held?.refused !== undefined) continue
        breaches.push(`C4: ${peer.name} says that ${other.name} is in sync, which lacks ${seq} of log ${log.slice(0, 6)} (it has ${held?.seq ?? 0})`)
        break
      }
    }
  }
  return breaches
}
