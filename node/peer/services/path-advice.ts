import type { NatKind, NotTalkedTo, Path, PathAttempt, RelayState } from '../../ports/services.ts'
import { portalAdvice } from './portal-advice.ts'

/** A clock that differs by more than this misleads: what was written when, and whether an invite has expired. */
const clockToleranceMs = 60_000

/** What is known of the way to a peer, on both sides. */
export interface WayKnown {
  readonly name: string
  readonly path: Path
  readonly network: 'on' | 'off'
  readonly webrtc: 'on' | 'off'
  /** Those of the mesh. */
  readonly relays: readonly RelayState[]
  readonly attempts: readonly PathAttempt[]
  readonly ownNat: NatKind
  /** As the peer said when it was here last. */
  readonly theirNat: NatKind
  /** Where this device has banned it. */
  readonly notTalkedTo: NotTalkedTo | null
  /** How far the peer's clock is ahead of ours, milliseconds; null: it never said. */
  readonly clockAheadMs: number | null
}

const natTexts: Readonly<Record<NatKind, string>> = {
  none: 'no NAT',
  ordinary: 'an ordinary NAT, which WebRTC gets through',
  symmetric: 'a symmetric NAT, which gives every connection another port',
  'udp-blocked': 'a network that lets no UDP through',
  unknown: 'a network of which nothing is known yet',
}

/** What stands between, and what would help; nothing where there is nothing to say. */
export function pathAdvice(way: WayKnown): string[] {
  if (way.notTalkedTo) return [`${way.name} is not talked to until ${hourOf(way.notTalkedTo.until)}: it ${way.notTalkedTo.why}. Its program is broken, or somebody else runs under its keys: ask its owner; what it writes still comes through others.`]
  const lines = way.path.startsWith('direct') ? [] : [...ownSide(way), ...(way.path === 'none' ? unreached(way) : relayed(way))]
  const skew = way.clockAheadMs ?? 0
  if (Math.abs(skew) > clockToleranceMs) lines.push(`Its clock is ${minutes(skew)} ${skew > 0 ? 'ahead of' : 'behind'} yours: times it wrote look wrong, and invites may seem expired. Set the clock that is wrong.`)
  return lines
}

function ownSide({ network, relays }: WayKnown): string[] {
  if (network === 'off') return ['The network is switched off here: `atoll config set network on`.']
  if (relays.length === 0) return ['This mesh has no relay, so only peers on one network, or with an address that can be dialled, find each other: `atoll relay add ADDRESS`.']
  return relays.filter(({ reserved }) => !reserved).map(({ address, error }) => [`The relay ${address} is not usable from here: ${error ?? 'still connecting'}.`, portalAdvice(error ?? '') ?? ''].join(' ').trimEnd())
}

function unreached({ name, relays, network }: WayKnown): string[] {
  if (network === 'off' || !relays.some(({ reserved }) => reserved)) return []
  return [`${name} is not at the relay either: its node is off, offline, or no relay is in common.`]
}

function relayed(way: WayKnown): string[] {
  const { name, ownNat, theirNat, webrtc, attempts } = way
  const lines = [`Here is ${natTexts[ownNat]}; at ${name}’s side ${natTexts[theirNat]}.`]
  if (webrtc === 'off') lines.push('WebRTC is switched off here: `atoll config set webrtc on` lets it through NAT.')
  else if (ownNat === 'udp-blocked' || theirNat === 'udp-blocked') lines.push('WebRTC needs UDP, so a direct way would need a port that can be dialled over TCP on one side: see `listen` in `atoll config`.')
  else if (ownNat === 'symmetric' || theirNat === 'symmetric') lines.push('WebRTC does not get through a symmetric NAT to one that lets in only who was written to. IPv6 on both sides, or a port opened on one (see `listen` in `atoll config`), would make it direct.')
  else if (attempts.some(({ kind, outcome }) => kind === 'direct:webrtc' && outcome === 'failed')) lines.push('WebRTC was tried and failed, though both sides look as if it could work; it is tried again.')
  else lines.push('A direct way is looked for now, and again whenever either side changes its network.')
  return lines
}

function hourOf(at: number): string {
  return `${new Date(at).toISOString().slice(11, 16)} UTC`
}

function minutes(ms: number): string {
  const all = Math.round(Math.abs(ms) / 60_000)
  return all < 120 ? `${all} min` : all < 2880 ? `${Math.round(all / 60)} h` : `${Math.round(all / 1440)} days`
}

