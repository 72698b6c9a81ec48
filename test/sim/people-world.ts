/** A mesh of people who know each other, in virtual time: stories are told in it. */
import { verify } from '../../crdt/crypto/sign.ts'
import { AtollError } from '../../node/ports/errors.ts'
import type { Json, Member, Role, Services } from '../../node/ports/services.ts'
import { SimWorld } from './sim-world.ts'
import type { SimPeer } from './sim-peer.ts'

/** A signal that never fires. */
export const never = new AbortController().signal

/** The code of what a promise failed with; 'done' when it did not. */
export const codeOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'done', (error: unknown) => (error instanceof AtollError ? error.code : error))

export class PeopleWorld extends SimWorld {
  constructor(seed: number | string) {
    super({ seed, verify })
  }

  as(peer: SimPeer): Services {
    return peer.services(undefined, never)
  }

  done<T>(promise: Promise<T>, ms = 120_000): Promise<T> {
    return this.time.resolve(promise, ms)
  }

  /** A mesh of these people, invited by the first, and in sync. */
  async people(...names: readonly string[]): Promise<SimPeer[]> {
    const [first, ...others] = names.map((name) => this.peer(name)) as [SimPeer, ...SimPeer[]]
    await this.done(this.as(first).meshes.create({ name: 'reef', relays: [], as: names[0] }))
    for (const [i, other] of others.entries()) await this.invite(first, other, names[i + 1] as string)
    await this.time.advance(10_000)
    return [first, ...others]
  }

  async invite(by: SimPeer, other: SimPeer, name: string, role: Role = 'member'): Promise<void> {
    const { link } = await this.done(this.as(by).mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role }))
    await this.done(this.as(other).meshes.join({ link, name, wait: true }, () => undefined, never))
  }

  /** Keeps groups of people apart until `heal`. */
  part(...groups: readonly (readonly SimPeer[])[]): void {
    this.net.partition(groups.map((group) => group.map(({ device }) => device)))
  }

  async heal(ms = 30_000): Promise<void> {
    this.net.heal()
    await this.time.advance(ms)
  }

  async member(seenBy: SimPeer, name: string): Promise<Member | undefined> {
    return (await this.done(this.as(seenBy).members.list())).find((one) => one.name === name)
  }

  setState(by: SimPeer, key: string, value: Json): Promise<unknown> {
    return codeOf(this.done(this.as(by).state.set(key, value)))
  }

  /** What stands under a key at a peer; undefined where nothing does. */
  async getState(at: SimPeer, key: string): Promise<unknown> {
    return (await this.done(this.as(at).state.list({ prefix: key, limit: 100 }))).values.find((one) => one.key === key)?.value
  }
}
