import type { Multiaddr } from '@multiformats/multiaddr'
import type { Path } from '../../ports/services.ts'

export type OpenPath = Exclude<Path, 'none'>

/** Best first. */
const ranks: Readonly<Record<OpenPath, number>> = { 'direct:tcp': 0, 'direct:ws': 1, 'direct:webrtc': 2, relayed: 3 }

/** Smaller is better. */
export function pathRank(path: OpenPath): number {
  return ranks[path]
}

/** The way that an address leads. */
export function pathOf(address: Multiaddr): OpenPath {
  const names = new Set(address.getComponents().map(({ name }) => name))
  if (names.has('webrtc') || names.has('webrtc-direct')) return 'direct:webrtc'
  if (names.has('p2p-circuit')) return 'relayed'
  return names.has('ws') || names.has('wss') ? 'direct:ws' : 'direct:tcp'
}

/** The id, as text, of the relay that an address leads through; undefined: it leads straight to its peer. */
export function relayOf(address: Multiaddr): string | undefined {
  const parts = address.getComponents()
  const circuit = parts.findIndex(({ name }) => name === 'p2p-circuit')
  return circuit < 0 ? undefined : (parts.slice(0, circuit).findLast(({ name }) => name === 'p2p')?.value ?? '')
}
