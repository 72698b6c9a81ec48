import type { DeviceId } from '../../crdt/wire/ids.ts'
import { AtollError } from '../ports/errors.ts'
import type { Network } from '../ports/network.ts'

/** A network on which nobody is: for a peer that only reads what it holds. */
export function noNetwork(device: DeviceId): Network {
  return {
    device,
    addresses: () => [],
    learn: () => {},
    open: () => Promise.reject(new AtollError('offline')),
    handle: () => {},
    onPeer: () => {},
    onBetterPath: () => {},
    path: () => ({ path: 'none', address: null, rtt_ms: null }),
    attempts: () => [],
    connected: () => [],
    traffic: () => ({ sent: 0, received: 0 }),
    ping: () => Promise.resolve(null),
    bar: () => {},
    drop: () => {},
    check: () => Promise.resolve({ families: [], stun: [] }),
    nat: () => 'unknown',
    acquaint: () => {},
    onNearby: () => {},
    nearby: () => Promise.resolve([]),
    useRelays: () => {},
    relays: () => [],
    standBehind: () => {},
    lookUp: () => Promise.resolve([]),
    onFound: () => {},
    setOnline: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
