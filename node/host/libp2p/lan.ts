import type { DeviceId } from '../../../crdt/wire/ids.ts'
import type { Log } from '../../ports/log.ts'
import type { Runtime } from '../../ports/runtime.ts'
import { deviceOfAddress } from './device-of-address.ts'
import { LanWire, type LanAnswer, type LanRecord } from './lan-wire.ts'

/** Ours, not libp2p's `_p2p._udp.local`: we look for Atoll only, and others have no use for us. */
const service = '_atoll._udp.local'
const addressesTold = 8
const devicesHeard = 64
/** Addresses of one answer that are looked at: a packet holds hardly more. */
const addressesHeard = 16
/** At most so often, whoever asks how often. Milliseconds. */
const answerEveryMs = 200
const askEveryMs = 500
const ttlSeconds = 120

export interface LanParts {
  readonly runtime: Runtime
  readonly log: Log
  /** Where others on this network can dial this node: multiaddrs that end in its id. */
  readonly addresses: () => readonly string[]
  readonly onHeard: (device: DeviceId, addresses: readonly string[]) => void
}

/**
 * Finds Atoll nodes on the same local network by multicast DNS of both families (RFC 6762, the records as in libp2p's discovery/mdns
 * specification). It answers who asks, and asks only when told to: a node that misses nobody is silent.
 */
export class Lan implements Disposable {
  readonly #parts: LanParts
  readonly #wire: LanWire
  /** Made anew each time, so that the label does not follow the device from network to network. */
  readonly #label: string
  readonly #heard = new Map<DeviceId, readonly string[]>()
  /** By the way that the question came. */
  readonly #answeredAt = new Map<string, number>()
  #askedAt = -Infinity

  constructor(parts: LanParts) {
    this.#parts = parts
    this.#label = `${Buffer.from(parts.runtime.random.bytes(16)).toString('hex')}.${service}`
    this.#wire = new LanWire({
      log: parts.log,
      onQuestion: (name, type, way, answer) => {
        if (name === service && type === 'PTR') this.#answer(way, answer)
      },
      onAnswer: (records) => this.#hear(records),
    })
  }

  /** Asks who is there; answers come to `onHeard`. */
  ask(): void {
    const now = this.#parts.runtime.timers.elapsed()
    if (now - this.#askedAt < askEveryMs) return
    this.#askedAt = now
    this.#wire.ask(service, 'PTR')
  }

  /** Who was heard since this was opened, the last heard last. */
  heard(): ReadonlyMap<DeviceId, readonly string[]> {
    return this.#heard
  }

  [Symbol.dispose](): void {
    this.#wire[Symbol.dispose]()
  }

  #answer(way: string, answer: LanAnswer): void {
    const now = this.#parts.runtime.timers.elapsed()
    const addresses = this.#parts.addresses().slice(0, addressesTold)
    if (now - (this.#answeredAt.get(way) ?? -Infinity) < answerEveryMs || addresses.length === 0) return
    this.#answeredAt.set(way, now)
    const pointer = { name: service, type: 'PTR' as const, ttl: ttlSeconds, data: this.#label }
    answer([pointer, ...addresses.map((address) => ({ name: this.#label, type: 'TXT' as const, ttl: ttlSeconds, data: [`dnsaddr=${address}`] }))])
  }

  #hear(records: readonly LanRecord[]): void {
    const texts = records.filter(({ type, name }) => type === 'TXT' && name.endsWith(`.${service}`) && name !== this.#label).slice(0, addressesHeard)
    const addresses = texts.flatMap(({ data }) => [data].flat().map(String)).filter((text) => text.startsWith('dnsaddr=')).map((text) => text.slice('dnsaddr='.length))
    const devices = Map.groupBy(addresses.filter((address) => !address.includes('/p2p-circuit')), deviceOfAddress)
    for (const [device, own] of devices) {
      if (device === undefined) continue
      this.#heard.delete(device)
      this.#heard.set(device, own)
      const [oldest] = this.#heard.keys()
      if (this.#heard.size > devicesHeard && oldest !== undefined) this.#heard.delete(oldest)
      this.#parts.onHeard(device, own)
    }
  }
}
