import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { PathAttempt, PathExplanation, Peer as PeerInfo, PeersService } from '../../ports/services.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { notTalkedTo } from './misconduct-shown.ts'
import { pathAdvice, type WayKnown } from './path-advice.ts'
import type { ServicesHost } from './services-host.ts'

const pingDeadlineMs = 3_000

export function peersService(peer: ServicesHost, mesh: () => RunningMesh): PeersService {
  const { network } = peer.needs
  return {
    async list() {
      const running = mesh()
      return running.replica.membership.now().devices().map(({ device, member, role }): PeerInfo => {
        const you = device === peer.identity.device
        const path = network.path(device)
        const session = peer.engine.mesh(running.id)?.sessions.get(device)
        return {
          device,
          member,
          name: running.names.member(member),
          role,
          verification: running.verified.of(member),
          confirmed: running.isConfirmed(member),
          you,
          online: running.isOnline(device),
          path: path.path,
          rtt_ms: session?.rttMs ?? path.rtt_ms,
          sent_bytes: network.traffic(device).sent,
          received_bytes: network.traffic(device).received,
          synced: running.isSynced(device),
          not_talked_to: notTalkedTo(peer, device),
          last_seen: you ? peer.needs.runtime.clock.now() : running.presence.lastSeen(device),
          sessions: you ? running.sessions() : running.presence.sessions(device),
        }
      })
    },
    async explain(typed) {
      const running = mesh()
      const device = deviceOf(running, typed, peer.identity.device)
      const path = network.path(device)
      const attempts = network.attempts(device)
      const name = running.names.device(device)
      return { peer: name, device, path: path.path, summary: summary(name, path.path, path.address, running, device), attempts, advice: pathAdvice(wayTo(peer, running, device, attempts)) } satisfies PathExplanation
    },
    async ping() {
      const running = mesh()
      const late = new AbortController()
      const deadline = peer.needs.runtime.timers.after(pingDeadlineMs, () => late.abort())
      const online = running.others().filter((device) => network.path(device).path !== 'none')
      const trips = await Promise.all(online.map(async (device) => ({ name: running.names.device(device), device, path: network.path(device).path, rtt_ms: await network.ping(device, late.signal) })))
      deadline[Symbol.dispose]()
      return trips
    },
  }
}

/** A member's only other device, or a device by the beginning of its id. */
function deviceOf(mesh: RunningMesh, typed: string, own: DeviceId): DeviceId {
  const devices = mesh.replica.membership.now().devices()
  const byId = typed.length >= 6 ? devices.filter(({ device }) => device.startsWith(typed)) : []
  if (byId.length === 1) return (byId[0] as { device: DeviceId }).device
  const member = mesh.names.find(typed)
  const theirs = devices.filter((state) => state.member === member && state.device !== own)
  const [only, ...others] = theirs
  if (!only) throw new AtollError('peer_unknown', { name: typed })
  if (others.length > 0) throw new AtollError('member_ambiguous', { name: typed, choices: theirs.map(({ device }) => device.slice(0, 12)).join(', ') })
  return only.device
}

function summary(name: string, path: string, address: string | null, mesh: RunningMesh, device: DeviceId): string {
  if (path === 'none') {
    const seen = mesh.presence.lastSeen(device)
    return `${name} is not connected${seen === null ? '' : `; last seen ${new Date(seen).toISOString()}`}.`
  }
  const synced = mesh.isSynced(device) ? 'in sync' : 'catching up'
  return path === 'relayed' ? `${name} is reached through a relay (${address ?? 'unknown address'}), ${synced}.` : `${name} is reached directly over ${path.slice('direct:'.length)} (${address ?? 'unknown address'}), ${synced}.`
}

function wayTo(peer: ServicesHost, mesh: RunningMesh, device: DeviceId, attempts: readonly PathAttempt[]): WayKnown {
  const { network, config } = peer.needs
  const { network: switched, webrtc } = config.current()
  const own = mesh.relays()
  return {
    name: mesh.names.device(device),
    path: network.path(device).path,
    network: switched,
    webrtc,
    relays: network.relays().filter(({ address }) => own.includes(address)),
    attempts,
    ownNat: network.nat(),
    theirNat: mesh.presence.nat(device),
    notTalkedTo: notTalkedTo(peer, device),
    clockAheadMs: mesh.presence.clockAhead(device),
  }
}
