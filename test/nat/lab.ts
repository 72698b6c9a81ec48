/**
 * A small internet in network namespaces, to be disposed after use: places on it that anybody reaches, and sites,
 * each a router (nat-rules.ts) with machines in its network. The internet is 11.0.0.0/24 and 2a0e:a::/64, since
 * ranges that are reserved for examples and private use are not dialled as public ones.
 *
 *     await using lab = await openLab({ places: { relay: {} }, sites: { home: { nat: 'symmetric', machines: ['alice'] } } })
 *     await lab.site('home').cut()
 */
import { randomBytes } from 'node:crypto'
import { defaultRoute, inNetwork, type Addresses } from './addresses.ts'
import { connect, type Slowness, type SlowWire } from './link.ts'
import { Machine } from './machine.ts'
import { Namespace, sweepLeftovers } from './namespace.ts'
import { Site, type SiteSpec } from './site.ts'

/** How slow the cable to the internet is. */
export type PlaceSpec = Slowness

export interface LabSpec {
  /** Machines that stand on the internet itself, as a relay does. */
  readonly places?: Readonly<Record<string, PlaceSpec>>
  readonly sites?: Readonly<Record<string, SiteSpec>>
}

const firstPlace = 100
const firstSite = 10
const internet: Addresses = { ipv4: '11.0.0.1', ipv6: '2a0e:a::1' }

/** Builds one. Several may stand side by side. */
export async function openLab(spec: LabSpec): Promise<Lab> {
  await sweepLeftovers()
  const lab = new Lab()
  try {
    await lab.build(spec)
    return lab
  } catch (error) {
    await lab[Symbol.asyncDispose]()
    throw error
  }
}

class Lab implements AsyncDisposable {
  readonly #id = randomBytes(3).toString('hex')
  readonly #namespaces: Namespace[] = []
  readonly #machines = new Map<string, Machine>()
  readonly #sites = new Map<string, Site>()
  #slowWires = 0

  /** A machine of a site, or on the internet. */
  machine(name: string): Machine {
    return found(this.#machines, name)
  }

  site(name: string): Site {
    return found(this.#sites, name)
  }

  /** Once, by openLab. */
  async build({ places = {}, sites = {} }: LabSpec): Promise<void> {
    const middle = await this.#namespace('internet', true)
    await middle.ip('link add bridge type bridge mcast_snooping 0', 'link set bridge up', ...Object.values(internet).map((address) => `addr add ${inNetwork(address)} dev bridge`))
    for (const [index, [name, slowness]] of Object.entries(places).entries()) {
      const machine = new Machine(await this.#namespace(name, true))
      await this.#toInternet(middle, machine.namespace, 'eth0', `p${index}`, slowness)
      await machine.configure({ addresses: Object.values(onInternet(firstPlace + index)), gateways: Object.values(internet) })
      this.#machines.set(name, machine)
    }
    for (const [index, [name, site]] of Object.entries(sites).entries()) await this.#addSite(middle, name, site, firstSite + index)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const namespace of this.#namespaces.splice(0)) await namespace[Symbol.asyncDispose]()
  }

  async #addSite(middle: Namespace, name: string, spec: SiteSpec, number: number): Promise<void> {
    const families = spec.families ?? ['ipv4']
    const router = await this.#namespace(`${name}-router`, families.includes('ipv6'))
    await this.#toInternet(middle, router, 'wan', `s${number}`, spec)
    const site = new Site(router, spec, number)
    const outside = onInternet(number)
    for (const family of families) {
      await router.ip(`addr add ${inNetwork(outside[family])} dev wan`, defaultRoute(internet[family]))
      if (family === 'ipv6' || spec.nat === 'none') await middle.ip(`route add ${site.network(family)} via ${outside[family]}`)
    }
    await site.build()
    this.#sites.set(name, site)
    for (const role of spec.machines) {
      const machine = new Machine(await this.#namespace(role, families.includes('ipv6')))
      this.#machines.set(role, machine)
      await site.admit(machine)
    }
  }

  async #toInternet(middle: Namespace, namespace: Namespace, name: string, port: string, slowness: Slowness): Promise<void> {
    await connect({ namespace, name }, { namespace: middle, name: port }, await this.#slowWire(slowness))
    await middle.ip(`link set ${port} master bridge`)
  }

  async #slowWire({ latencyMs = 0, bytesPerSecond = 0 }: Slowness): Promise<SlowWire | undefined> {
    if (latencyMs + bytesPerSecond === 0) return undefined
    const number = ++this.#slowWires
    return { namespace: await this.#namespace(`wire${number}`, false), latencyMs, bytesPerSecond, number }
  }

  async #namespace(role: string, ipv6: boolean): Promise<Namespace> {
    const namespace = await Namespace.make(this.#id, role, ipv6)
    this.#namespaces.push(namespace)
    return namespace
  }
}

export type { Lab }

function found<T>(all: ReadonlyMap<string, T>, name: string): T {
  const one = all.get(name)
  if (one === undefined) throw new Error(`the laboratory has no ${name}`)
  return one
}

function onInternet(number: number): Addresses {
  return { ipv4: `11.0.0.${number}`, ipv6: `2a0e:a::${number}` }
}
