/**
 * What a router does, as rules of nftables, in the words of RFC 4787. The outer interface is `wan`, the inner `lan`.
 *
 * Linux masquerades with the sender's own port where that is free, whoever it sends to: the mapping is independent of
 * the endpoint, and connection tracking lets in only who was sent to, from the very port (`port-restricted`). With
 * `fully-random` every destination gets a port of its own (`symmetric`). To let in anybody (`endpoint-independent`),
 * the sender of each outgoing datagram is noted under its port, and what comes to that port from elsewhere goes there.
 * IPv6 is not translated: the same router is a firewall there, which lets in answers only, or any UDP.
 */
export type Nat = 'none' | 'endpoint-independent' | 'port-restricted' | 'symmetric'

export interface RouterRules {
  readonly nat: Nat
  /** No UDP passes, in any direction. */
  readonly udpBlocked: boolean
  /** So many of a hundred packets get lost, in each direction. */
  readonly lossPercent: number
}

export function natRules({ nat, udpBlocked, lossPercent }: RouterRules): string {
  const drops = [
    ...(udpBlocked ? ['meta l4proto udp drop'] : []),
    ...(lossPercent > 0 ? [`numgen random mod 1000 < ${Math.round(lossPercent * 10)} drop`] : []),
  ]
  return [
    table('inet bad_line', chain('forward', 'filter hook forward priority -10', ['iifname "lan" oifname "lan" accept', ...drops])),
    ...(nat === 'none' ? [] : [nat === 'endpoint-independent' ? openToAll : table('ip nat', chain('out', 'nat hook postrouting priority 100', [masquerade[nat]])), firewall(nat)]),
  ].join('\n')
}

/** Nothing passes to or from the internet, and nobody is told. */
export const cutRules = table('inet cut', ['forward', 'input', 'output'].map((hook) => chain(hook, `filter hook ${hook} priority -20`, ['iifname "wan" drop', 'oifname "wan" drop'])).join('\n'))

/** Every TCP connection that machines begin is answered by the router itself, at this port, whoever it was meant for; nothing else passes. */
export function portalRules(port: number): string {
  return table('inet portal', [
    chain('answer', 'nat hook prerouting priority -110', [`iifname "lan" fib daddr type != local meta l4proto tcp redirect to :${port}`]),
    chain('forward', 'filter hook forward priority -20', ['oifname "wan" drop']),
  ].join('\n'))
}

/** Takes back `portalRules`. */
export const loggedInRules = 'delete table inet portal\n'

/** Takes back `cutRules`. */
export const restoreRules = 'delete table inet cut\n'

const masquerade = {
  'port-restricted': 'oifname "wan" masquerade',
  symmetric: 'oifname "wan" masquerade random,fully-random',
} as const

const openToAll = table('ip nat', [
  'map senders {\n type inet_service : ipv4_addr . inet_service\n flags dynamic,timeout\n timeout 2m\n}',
  chain('note', 'filter hook postrouting priority 99', ['oifname "wan" meta l4proto udp update @senders { udp sport : ip saddr . udp sport }']),
  chain('out', 'nat hook postrouting priority 100', [masquerade['port-restricted']]),
  chain('into', 'nat hook prerouting priority -100', ['iifname "wan" dnat ip to udp dport map @senders']),
].join('\n'))

function firewall(nat: Nat): string {
  const letIn = nat === 'endpoint-independent' ? ['ct status dnat accept', 'ip6 version 6 meta l4proto udp accept'] : []
  return table('inet firewall', [
    chain('forward', 'filter hook forward priority 0; policy drop', ['ct state invalid drop', 'ct state established,related accept', 'iifname "lan" accept', ...letIn]),
    // What is dropped is never tracked: an early datagram of the other side does not take the port of the mapping to be.
    chain('input', 'filter hook input priority 0', ['iifname "wan" meta l4proto { tcp, udp } ct state new drop']),
  ].join('\n'))
}

function table(name: string, content: string): string {
  return `table ${name} {\n${content}\n}\n`
}

function chain(name: string, kind: string, rules: readonly string[]): string {
  return `chain ${name} {\n type ${kind}\n ${rules.join('\n ')}\n}`
}
