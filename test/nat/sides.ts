/** The kinds of networks that people sit in, and by which path any two of them see each other in the end. */
import type { Path } from '../../node/ports/services.ts'
import type { SiteSpec } from './site.ts'

/** The RFC 4787 words for `cone` and `home` are in nat-rules.ts; `firewalled` is an IPv6-only home. */
const sides = {
  public: { nat: 'none' },
  cone: { nat: 'endpoint-independent' },
  home: { nat: 'port-restricted' },
  symmetric: { nat: 'symmetric' },
  'no udp': { nat: 'port-restricted', udpBlocked: true },
  'public ipv6': { nat: 'none', families: ['ipv6'] },
  firewalled: { nat: 'port-restricted', families: ['ipv6'] },
  'dual stack': { nat: 'port-restricted', families: ['ipv4', 'ipv6'] },
} as const satisfies Record<string, Omit<SiteSpec, 'machines'>>

export type Side = keyof typeof sides

const [tcp, punched, relayed] = ['direct:tcp', 'direct:webrtc', 'relayed'] as const

const table: readonly (readonly [Side, Side, Path])[] = [
  ['public', 'public', tcp],
  ['public', 'cone', tcp],
  ['public', 'home', tcp],
  ['public', 'symmetric', tcp],
  ['public', 'no udp', tcp],
  ['public', 'public ipv6', relayed],
  ['public', 'firewalled', relayed],
  ['public', 'dual stack', tcp],
  ['cone', 'cone', punched],
  ['cone', 'home', punched],
  ['cone', 'symmetric', punched],
  ['cone', 'no udp', relayed],
  ['cone', 'public ipv6', relayed],
  ['cone', 'firewalled', relayed],
  ['cone', 'dual stack', punched],
  ['home', 'home', punched],
  ['home', 'symmetric', relayed],
  ['home', 'no udp', relayed],
  ['home', 'public ipv6', relayed],
  ['home', 'firewalled', relayed],
  ['home', 'dual stack', punched],
  ['symmetric', 'symmetric', relayed],
  ['symmetric', 'no udp', relayed],
  ['symmetric', 'public ipv6', relayed],
  ['symmetric', 'firewalled', relayed],
  ['symmetric', 'dual stack', relayed],
  ['no udp', 'no udp', relayed],
  ['no udp', 'public ipv6', relayed],
  ['no udp', 'firewalled', relayed],
  ['no udp', 'dual stack', relayed],
  ['public ipv6', 'public ipv6', tcp],
  ['public ipv6', 'firewalled', tcp],
  ['public ipv6', 'dual stack', tcp],
  ['firewalled', 'firewalled', punched],
  ['firewalled', 'dual stack', punched],
  ['dual stack', 'dual stack', punched],
]

/** One of each sort: what runs every time. */
const short: ReadonlySet<string> = new Set(['public public', 'public home', 'public no udp', 'cone home', 'cone symmetric', 'home home', 'home symmetric', 'home no udp', 'symmetric symmetric', 'home firewalled', 'firewalled firewalled'])

/** Pairs with their paths: of each sort one, or, for the long form, all, in both orders. */
export function pairsOfSides(all: boolean): readonly (readonly [Side, Side, Path])[] {
  if (!all) return table.filter(([a, b]) => short.has(`${a} ${b}`))
  return table.flatMap(([a, b, path]) => (a === b ? [[a, b, path] as const] : [[a, b, path] as const, [b, a, path] as const]))
}

/** The site of one person who sits in such a network. */
export function siteOf(side: Side, machine: string): SiteSpec {
  return { ...sides[side], machines: [machine] }
}
