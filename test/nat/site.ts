import { once } from 'node:events'
import { join } from 'node:path'
import type { Addresses, Family } from './addresses.ts'
import { inNetwork } from './addresses.ts'
import { connect, type Slowness } from './link.ts'
import { Machine } from './machine.ts'
import { cutRules, loggedInRules, natRules, portalRules, restoreRules, type Nat } from './nat-rules.ts'
import type { Namespace } from './namespace.ts'

/** How slow it is, is said of the cable to the internet. */
export interface SiteSpec extends Slowness {
  /** What the router does; `none` routes public addresses. */
  readonly nat: Nat
  readonly machines: readonly string[]
  /** Else IPv4 only. */
  readonly families?: readonly Family[]
  readonly udpBlocked?: boolean
  readonly lossPercent?: number
  /** The largest packet towards the internet, where it is not 1500. */
  readonly mtu?: number
}

const portalPort = 8080

/** A router and the network behind it. */
export class Site {
  readonly router: Namespace
  readonly #spec: SiteSpec
  readonly #net: Addresses
  #leases = 1
  #ports = 0
  #page: Promise<unknown> | undefined

  /** @param number distinguishes it from the other sites of its laboratory */
  constructor(router: Namespace, spec: SiteSpec, number: number) {
    this.router = router
    this.#spec = spec
    this.#net = { ipv4: spec.nat === 'none' ? `11.0.${number}.` : `192.168.${number}.`, ipv6: `2a0e:a:${number}::` }
  }

  get families(): readonly Family[] {
    return this.#spec.families ?? ['ipv4']
  }

  /** The network behind the router, as a route to it is written. */
  network(family: Family): string {
    return inNetwork(this.#net[family] + (family === 'ipv4' ? '0' : ''))
  }

  /** Sets the router up, whose outer interface is there. */
  async build(): Promise<void> {
    const { nat, udpBlocked = false, lossPercent = 0, mtu = 1500 } = this.#spec
    await this.router.ip('link add lan type bridge mcast_snooping 0', 'link set lan up', `link set wan mtu ${mtu}`, ...this.#addresses(1).map((address) => `addr add ${inNetwork(address)} dev lan`))
    await this.router.rules(natRules({ nat, udpBlocked, lossPercent }))
  }

  /** Plugs in a machine, which gets the next address. It may have been in another network before. */
  async admit(machine: Machine): Promise<void> {
    if (machine.addresses.length > 0) await machine.unplug()
    const port = `port${++this.#ports}`
    await connect({ namespace: machine.namespace, name: 'eth0' }, { namespace: this.router, name: port })
    await this.router.ip(`link set ${port} master lan`)
    await machine.configure({ addresses: this.#addresses(++this.#leases), gateways: this.#addresses(1) })
  }

  /** From now on nothing passes between the site and the internet; nobody is told. */
  async cut(): Promise<void> {
    await this.router.rules(cutRules)
  }

  async restore(): Promise<void> {
    await this.router.rules(restoreRules)
  }

  /** From now on a captive portal answers for everybody on the internet, until `logIn`. */
  async portal(): Promise<void> {
    this.#page ??= once(this.router.start(join(import.meta.dirname, 'portal-child.ts'), String(portalPort)), 'message')
    await this.#page
    await this.router.rules(portalRules(portalPort))
  }

  async logIn(): Promise<void> {
    await this.router.rules(loggedInRules)
  }

  /** What has come from the internet and gone there, in bytes as they were on the wire. */
  async traffic(): Promise<number> {
    const counters = ['rx_bytes', 'tx_bytes'].map((name) => `/sys/class/net/wan/statistics/${name}`)
    return (await this.router.run('cat', ...counters)).trim().split('\n').reduce((sum, bytes) => sum + Number(bytes), 0)
  }

  #addresses(number: number): readonly string[] {
    return this.families.map((family) => this.#net[family] + String(number))
  }
}
