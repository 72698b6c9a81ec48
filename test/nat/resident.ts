import { vi } from 'vitest'
import type { Path, Peer } from '../../node/ports/services.ts'
import type { Client } from '../../node/rpc/client-types.ts'
import type { Person } from '../e2e/world.ts'

const often = 20

/** Somebody with a running node on a machine of a laboratory: by its commands, and by a session that is quick to ask. */
export class Resident {
  readonly person: Person
  readonly client: Client

  constructor(person: Person, client: Client) {
    this.person = person
    this.client = client
  }

  /** How this one sees another. */
  async peer(other: Resident): Promise<Peer | undefined> {
    return (await this.client.call('peer.list', {})).peers.find(({ name }) => name === other.person.name)
  }

  /** Resolves once the other is reached by this path, with how many milliseconds that took. */
  reaches(other: Resident, path: Path, timeout: number): Promise<number> {
    return until(timeout, async () => {
      const seen = await this.peer(other)
      return seen?.path === path ? undefined : `${this.person.name} reaches ${other.person.name} by ${seen?.path}, not ${path}`
    })
  }

  /** Writes a value that the other gets to see, and says how many milliseconds that took. */
  async writesTo(other: Resident, key: string, timeout = 15_000): Promise<number> {
    await this.write(key)
    return await until(timeout, async () => ((await other.has(key)) ? undefined : `${other.person.name} does not see what ${this.person.name} wrote`))
  }

  async write(key: string): Promise<void> {
    await this.client.call('state.set', { key, value: key })
  }

  /** Whether it knows a value under the key. */
  async has(key: string): Promise<boolean> {
    return (await this.client.call('state.list', { prefix: key, limit: 1 })).values.length === 1
  }

  /** How many keys with this beginning it knows values under. */
  async count(prefix: string): Promise<number> {
    let count = 0
    for (let after: string | null | undefined = undefined; after !== null; ) {
      const page: { readonly values: readonly unknown[]; readonly next: string | null } = await this.client.call('state.list', { prefix, limit: 1000, ...(after === undefined ? {} : { after }) })
      count += page.values.length
      after = page.next
    }
    return count
  }

  /** Resolves once this device can be reached through so many relays, with how many milliseconds that took. */
  reserved(relays: number, timeout: number): Promise<number> {
    return until(timeout, async () => {
      const list = (await this.client.call('relay.list', {})).relays
      const held = new Set(list.filter(({ reserved }) => reserved).map(({ address }) => address.split('/p2p/')[1]))
      return held.size === relays ? undefined : `${this.person.name} holds ${held.size} reservations: ${JSON.stringify(list)}`
    })
  }

  /** Resolves once both hold the same and this one knows it, with how many milliseconds that took. */
  inSyncWith(other: Resident, timeout: number): Promise<number> {
    return until(timeout, async () => {
      const seen = await this.peer(other)
      return seen?.online === true && seen.synced ? undefined : `${this.person.name} is not in sync with ${other.person.name}: ${JSON.stringify(seen)}`
    })
  }
}

/** Waits until there is no problem any more, nor a failed expectation, and says how many milliseconds that took. */
export async function until(timeout: number, problem: () => Promise<string | undefined | void>): Promise<number> {
  const began = performance.now()
  await vi.waitFor(async () => {
    const found = await problem()
    if (typeof found === 'string') throw new Error(found)
  }, { timeout, interval: often })
  return Math.round(performance.now() - began)
}
