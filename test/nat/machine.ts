import { defaultRoute, inNetwork } from './addresses.ts'
import type { Namespace } from './namespace.ts'

/** What a machine is told by the network that it is plugged into. */
export interface Lease {
  readonly addresses: readonly string[]
  readonly gateways: readonly string[]
}

/** One with a single cable, `eth0`, on which programs run. */
export class Machine {
  readonly namespace: Namespace
  #lease: Lease | undefined

  constructor(namespace: Namespace) {
    this.namespace = namespace
  }

  /** Before a command: runs it on this machine. */
  get via(): readonly string[] {
    return this.namespace.via
  }

  /** Those that it has now, of all families. */
  get addresses(): readonly string[] {
    return this.#lease?.addresses ?? []
  }

  get address(): string {
    return this.addresses[0] ?? ''
  }

  /** Takes the addresses and gateways of the network that its cable now leads to. */
  async configure(lease: Lease): Promise<void> {
    this.#lease = lease
    await this.namespace.ip('link set eth0 up', ...lease.addresses.map((address) => `addr replace ${inNetwork(address)} dev eth0`), ...lease.gateways.map(defaultRoute))
  }

  /** Takes its interface down: programs on it see that the network is gone. */
  async down(): Promise<void> {
    await this.namespace.ip('link set eth0 down')
  }

  async up(): Promise<void> {
    if (this.#lease !== undefined) await this.configure(this.#lease)
  }

  /** Pulls out the cable; the interface and its addresses go with it. */
  async unplug(): Promise<void> {
    this.#lease = undefined
    await this.namespace.ip('link delete eth0')
  }
}
