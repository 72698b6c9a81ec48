import type { MultiaddrConnection, PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { deviceToPeerId } from './device-peer-id.ts'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { defaultConnectionLimits, limitConnections } from './connection-limits.ts'

const relay = deviceToPeerId('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a' as DeviceId)

test('T8: circuits through one relay are counted, and free their place when they close', async () => {
  const gater = limitConnections({ ...defaultConnectionLimits, circuitsPerRelay: 2 }, () => 0)
  const circuits = [circuit(), circuit(), circuit()]
  expect(circuits.map(({ raw }) => gater.denyInboundConnection?.(raw))).toEqual([false, false, true])
  circuits[0]!.close()
  expect(await gater.denyInboundConnection?.(circuit().raw)).toBe(false)
  expect(await gater.denyInboundConnection?.(circuit().raw)).toBe(true)
})

test('T8: a peer at its limit gets no further connection', async () => {
  let open = 7
  const gater = limitConnections(defaultConnectionLimits, () => open)
  const { raw } = circuit()
  const peer: PeerId = relay
  expect(await gater.denyInboundEncryptedConnection?.(peer, raw)).toBe(false)
  open = 8
  expect(await gater.denyInboundEncryptedConnection?.(peer, raw)).toBe(true)
})

function circuit(): { readonly raw: MultiaddrConnection; readonly close: () => void } {
  const target = Object.assign(new EventTarget(), { remoteAddr: multiaddr(`/ip4/10.0.0.1/tcp/1/p2p/${relay.toString()}/p2p-circuit/p2p/${relay.toString()}`) })
  return { raw: target as unknown as MultiaddrConnection, close: () => target.dispatchEvent(new Event('close')) }
}
