import { multiaddr } from '@multiformats/multiaddr'
import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { peerIdTextToDevice } from './device-peer-id.ts'

/** The device or relay that an address leads straight to; undefined if it names none, or leads through a relay. */
export function deviceOfAddress(text: string): DeviceId | undefined {
  try {
    const parts = multiaddr(text).getComponents()
    const last = parts.at(-1)
    const direct = parts.some(({ name }) => name === 'tcp') && !parts.some(({ name }) => name === 'p2p-circuit')
    return direct && last?.name === 'p2p' ? peerIdTextToDevice(last.value ?? '') : undefined
  } catch {
    return undefined // no multiaddr at all
  }
}
