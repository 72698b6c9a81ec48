import { createSocket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import multicastDns, { type MulticastDNS, type ResponseOutgoingPacket } from 'multicast-dns'
import type { Log } from '../../ports/log.ts'
import { whyOf } from './why.ts'

const port = 5353
const groupV6 = 'ff02::fb'
const interfacesUsed = 16

export interface LanRecord {
  readonly type: string
  readonly name: string
  readonly data?: unknown
}

/** Sends what is answered. */
export type LanAnswer = (answers: ResponseOutgoingPacket['answers']) => void

export interface LanWireParts {
  readonly log: Log
  /** Somebody asks for a name. What is answered goes the way that the question came; `way` tells one from another. */
  readonly onQuestion: (name: string, type: string, way: string, answer: LanAnswer) => void
  readonly onAnswer: (records: readonly LanRecord[]) => void
}

/**
 * Multicast DNS of both families: IPv4 as multicast-dns does it, and IPv6 over one more socket of it, which speaks on
 * each interface by itself. The interfaces are those of the moment: after a change of networks it is to be opened anew.
 */
export class LanWire implements Disposable {
  readonly #parts: LanWireParts
  readonly #v4: MulticastDNS
  readonly #v6: MulticastDNS | undefined
  readonly #zones = zones()

  constructor(parts: LanWireParts) {
    this.#parts = parts
    this.#v4 = this.#listen(multicastDns())
    if (this.#zones.length > 0) this.#v6 = this.#listen(this.#openV6())
  }

  /** Asks everybody on every network of this machine. */
  ask(name: string, type: 'PTR'): void {
    const questions = [{ name, type }]
    this.#v4.query({ questions })
    for (const zone of this.#zones) this.#v6?.query({ questions }, { address: `${groupV6}%${zone}`, port })
  }

  [Symbol.dispose](): void {
    for (const mdns of [this.#v4, this.#v6]) {
      mdns?.removeAllListeners('query')
      mdns?.removeAllListeners('response')
      mdns?.destroy()
    }
  }

  #openV6(): MulticastDNS {
    const { log } = this.#parts
    const socket = createSocket({ type: 'udp6', reuseAddr: true, ipv6Only: true })
    // It would join the group on one interface only.
    const mdns = multicastDns({ type: 'udp6', socket, ip: groupV6, interface: '::', bind: '::', multicast: false })
    mdns.on('ready', () => {
      socket.setMulticastTTL(255)
      for (const zone of this.#zones) {
        try {
          socket.addMembership(groupV6, `::%${zone}`)
        } catch (error) {
          log.debug('lan_not_joined', { interface: zone, why: whyOf(error) }) // it may be gone, or know no multicast
        }
      }
    })
    return mdns
  }

  #listen(mdns: MulticastDNS): MulticastDNS {
    const { log, onQuestion, onAnswer } = this.#parts
    // No multicast here, or port 5353 is kept by something that does not share it: then nobody is found this way.
    mdns.on('error', (error: unknown) => log.info('lan_discovery_failed', { why: whyOf(error) }))
    mdns.on('warning', () => {}) // a packet of another program that is not DNS
    mdns.on('query', ({ questions = [] }, { address, family }) => {
      const zone = address.split('%')[1]
      const way = family === 'IPv6' ? `IPv6 ${zone ?? ''}` : 'IPv4'
      for (const { name, type } of questions) onQuestion(name, type, way, (answers) => this.#answer(answers, family, zone))
    })
    mdns.on('response', ({ answers = [], additionals = [] }) => onAnswer([...answers, ...additionals]))
    return mdns
  }

  #answer(answers: Parameters<LanAnswer>[0], family: string, zone: string | undefined): void {
    if (family !== 'IPv6') return this.#v4.respond({ answers })
    for (const one of zone === undefined ? this.#zones : [zone]) this.#v6?.respond({ answers }, { address: `${groupV6}%${one}`, port })
  }
}

/** The interfaces with IPv6, as multicast addresses name them: by number on Windows, else by name. */
function zones(): readonly string[] {
  const all = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => {
    const found = addresses.find((address) => address.family === 'IPv6' && !address.internal)
    if (found?.family !== 'IPv6') return []
    return [process.platform === 'win32' ? String(found.scopeid) : name]
  })
  return [...new Set(all)].slice(0, interfacesUsed)
}
