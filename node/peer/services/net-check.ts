import type { Settings } from '../../ports/config.ts'
import type { NetworkFacts } from '../../ports/network.ts'
import type { Finding, NatKind, RelayState } from '../../ports/services.ts'
import { portalAdvice } from './portal-advice.ts'

export interface CheckKnown {
  readonly facts: NetworkFacts
  readonly relays: readonly RelayState[]
  readonly settings: Pick<Settings, 'network' | 'webrtc' | 'lan_discovery'>
  /** Whether this node listens anywhere. */
  readonly listens: boolean
}

const natFindings: Readonly<Record<NatKind, (family: string, seen: string | null) => Finding>> = {
  none: (family, seen) => good(`${family}: no NAT; the world sees this machine as ${seen ?? 'itself'}.`),
  ordinary: (family, seen) => good(`${family}: behind an ordinary NAT, seen as ${seen ?? 'unknown'}; WebRTC gets through it.`),
  symmetric: (family, seen) => warn(`${family}: behind a symmetric NAT (seen as ${seen ?? 'unknown'}, and as another port elsewhere).`, 'Peers behind such a NAT too are reached through a relay only. IPv6, or a port opened on the router, would help.'),
  'udp-blocked': (family) => warn(`${family}: no UDP gets through, so no WebRTC.`, 'Other ways still work: TCP, WebSocket, a relay. Allow UDP in the firewall for direct ones.'),
  unknown: (family) => ({ tone: 'warn', text: `${family}: what stands between here and the world is not known.`, advice: 'A relay that answers STUN would tell: `atoll relay` does.' }),
}

/** What the facts mean to a person, the worst first. */
export function findings({ facts, relays, settings, listens }: CheckKnown): readonly Finding[] {
  if (settings.network === 'off') return [bad('The network is switched off: nothing is dialled and nothing accepted.', '`atoll config set network on`')]
  const families = facts.families.filter(({ addresses }) => addresses.length > 0)
  if (families.length === 0) return [bad('This machine has no address on any network.', 'Connect it to one; what is written meanwhile is synced then.')]
  const all = [
    ...(relays.length === 0 ? [warn('No mesh here has a relay: only peers on this network, or with an address that can be dialled, are found.', '`atoll relay add ADDRESS`')] : []),
    ...relays.map(relayFinding),
    ...facts.stun.flatMap((answered) => (answered ? [] : [warn('A relay that should answer STUN did not.', 'Its UDP ports may be closed, there or in a firewall here.')])),
    ...(relays.length === 0 ? [] : families.filter(({ nat }) => nat !== 'unknown' || families.every((one) => one.nat === 'unknown')).map(({ family, nat, seen }) => natFindings[nat](`IPv${family}`, seen))),
    listens ? good('This node listens, so peers who can reach this machine dial it directly.') : warn('This node listens nowhere: peers cannot dial it.', 'See `listen` in `atoll config`.'),
    settings.webrtc === 'on' ? good('WebRTC is on.') : warn('WebRTC is switched off.', '`atoll config set webrtc on` makes direct ways through NAT possible.'),
    settings.lan_discovery === 'on' ? good('Peers on this local network are found by multicast DNS.') : warn('Discovery on the local network is switched off.', '`atoll config set lan_discovery on`'),
  ]
  const order = ['bad', 'warn', 'good']
  return all.toSorted((a, b) => order.indexOf(a.tone) - order.indexOf(b.tone))
}

function relayFinding({ address, reserved, rtt_ms, error }: RelayState): Finding {
  if (reserved) return good(`The relay ${address} is in use${rtt_ms === null ? '' : `, ${Math.round(rtt_ms)} ms away`}.`)
  const why = error ?? 'still connecting'
  const advice = portalAdvice(why) ?? 'Is it running, and does the firewall here let its port out? Peers who see each other otherwise are not held up.'
  return bad(`The relay ${address} cannot be used: ${why}.`, advice)
}

function good(text: string): Finding {
  return { tone: 'good', text, advice: null }
}

function warn(text: string, advice: string): Finding {
  return { tone: 'warn', text, advice }
}

function bad(text: string, advice: string): Finding {
  return { tone: 'bad', text, advice }
}
