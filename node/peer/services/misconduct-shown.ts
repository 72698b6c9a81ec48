/** Who is not talked to and why, and how full what is bounded is, as people and scrapers see it. */
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { BudgetState, NotTalkedTo, OffenderState } from '../../ports/services.ts'
import { offences, type Offender } from '../misconduct.ts'
import type { ServicesHost } from './services-host.ts'

/** So many are shown; the metrics count all. */
const shownAtMost = 50

export function offendersShown(peer: ServicesHost): readonly OffenderState[] {
  return peer.misconduct.offenders().slice(0, shownAtMost).map((offender) => ({
    device: offender.device,
    name: nameOf(peer, offender.device),
    offence: offender.offence,
    why: offences[offender.offence].text,
    score: Math.round(offender.score),
    bans: offender.bans,
    banned_until: bannedUntil(peer, offender),
  }))
}

/** Until when a device is not talked to, and what it did; null: it is talked to. */
export function notTalkedTo(peer: ServicesHost, device: DeviceId): NotTalkedTo | null {
  const offender = peer.misconduct.of(device)
  const until = offender && bannedUntil(peer, offender)
  return offender && typeof until === 'number' ? { until, why: offences[offender.offence].text } : null
}

/** What is bounded and fills with what others do; of meshes and peers, those that take most. */
export function budgetsShown({ meshes, blobs, misconduct }: ServicesHost): readonly BudgetState[] {
  const most = (used: readonly number[]): number => Math.max(0, ...used)
  const running = [...meshes.values()]
  return [
    { name: 'logs', of: limits.logsPerMesh, used: most(running.map(({ replica }) => [...replica.logs()].length)) },
    { name: 'requests to join', of: limits.joinRequestsPerMesh, used: most(running.map(({ requests }) => requests.count())) },
    { name: 'file streams', of: limits.blobStreamsPerPeer, used: blobs.mostStreams },
    { name: 'offenders', of: limits.offendersKept, used: misconduct.size },
  ]
}

function bannedUntil({ needs }: ServicesHost, { bannedForMs }: Offender): number | null {
  return bannedForMs === null ? null : Math.round(needs.runtime.clock.now() + bannedForMs)
}

/** By the first mesh that knows it; null: a stranger. */
function nameOf({ meshes }: ServicesHost, device: DeviceId): string | null {
  const mesh = [...meshes.values()].find(({ replica }) => replica.mayRead() && replica.membership.memberOf(device) !== undefined)
  return mesh?.names.device(device) ?? null
}
