export type Family = 'ipv4' | 'ipv6'
/** One address of each family. */
export type Addresses = Readonly<Record<Family, string>>

/** The address with the length of its network, as `ip` wants it: 24 in IPv4, 64 in IPv6. */
export function inNetwork(address: string): string {
  return `${address}/${address.includes(':') ? 64 : 24}`
}

/** The command for `ip` that sends everything without a better route to a gateway. */
export function defaultRoute(gateway: string): string {
  return `route replace ${gateway.includes(':') ? '::/0' : '0.0.0.0/0'} via ${gateway}`
}
