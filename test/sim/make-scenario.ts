/** Scenarios from a seed: a mesh that people join, use, leave and are put out of, on machines and networks that fail. */
import { SeededRandom } from '../../node/peer/virtual-runtime-random.ts'
import type { Role } from '../../node/ports/services.ts'
import type { Operation, Accident, Scenario, ScenarioSpec, Step, Weather } from './step.ts'

const dayMs = 24 * 60 * 60_000
const yearMs = 365 * dayMs

/** Words that notes are made of and searched by: in several scripts, since words are not split alike in all. */
export const words = ['reef', 'lagoon', 'Atoll', 'korallen', 'риф', '環礁', 'サンゴ', 'récif'] as const
export const keys = ['color', 'owner', 'plan/a', 'plan/b', 'ключ', '鍵'] as const
export const relays = ['a', 'b', 'c'].map((host) => `/dns4/${host}.example/tcp/443/wss/p2p/12D3KooWKRyzVWW6ChFjQjK4miCty85Niy48tpPV95XdKu1BcvMA`)

/** More peers than this, and their heartbeats cost more than what happens. */
const crowd = 32

type Undated = Operation | Accident | Weather

export function makeScenario(spec: ScenarioSpec): Scenario {
  return { spec, steps: new Maker(spec).make() }
}

class Maker {
  readonly #random: SeededRandom
  readonly #spec: ScenarioSpec
  readonly #names: readonly string[]
  readonly #links: string[] = []
  readonly #steps: Step[] = []
  #count = 0

  constructor(spec: ScenarioSpec) {
    this.#spec = spec
    this.#random = new SeededRandom(`scenario/${spec.seed}/${spec.peers}/${spec.steps}`)
    this.#names = Array.from({ length: spec.peers }, (_, i) => `p${i}`)
  }

  make(): readonly Step[] {
    this.#found()
    for (let left = this.#spec.steps; left > 0; left--) this.#add(this.#any(), this.#pause())
    return this.#steps
  }

  /** The first has founded the mesh, and most others have joined, when things begin to go wrong. */
  #found(): void {
    const random = this.#random
    for (const name of this.#names) if (random.below(4) === 0) this.#add({ do: 'skew', peer: name, ms: this.#skew() }, 0)
    this.#add({ do: 'create', peer: 'p0', relay: random.below(3) > 0 }, 10)
    const roles: Role[] = ['admin', 'member', 'guest']
    for (const role of roles) this.#invite('p0', role, this.#spec.peers, 30 * dayMs)
    const early = this.#names.slice(1).filter(() => random.below(5) > 0)
    for (const name of early) this.#add({ do: 'join', peer: name, link: this.#links[this.#pick([0, 1, 1, 1, 1, 2])] as string, wait: random.below(2) === 0 }, random.below(60))
    this.#add({ do: 'set', peer: 'p0', key: 'color', value: 'first' }, 3_000)
  }

  #any(): Undated {
    if (this.#spec.policies && this.#random.below(6) === 0) return this.#policy()
    const roll = this.#random.below(100)
    if (roll < 60) return this.#content()
    if (roll < 68) return this.#membership()
    if (roll < 84) return this.#accident()
    return this.#weather()
  }

  #content(): Undated {
    const random = this.#random
    const peer = this.#name()
    if (this.#spec.documents && random.below(4) === 0) return { do: 'write', peer, line: this.#unique() }
    if (random.below(40) === 0) return { do: 'burst', peer, name: this.#unique(), ...this.#pick([{ count: 60, bytes: 10 }, { count: 20, bytes: 2_000 }, { count: 12, bytes: 60_000 }]) }
    switch (random.below(8)) {
      case 0: return { do: 'delete', peer, key: this.#pick(keys) }
      case 1: return { do: 'remember', peer, text: `${this.#pick(words)} ${this.#pick(words)} ${this.#unique()}`, tags: random.below(2) ? [this.#pick(words)] : [] }
      case 2: return { do: 'forget', peer, word: this.#pick(words) }
      case 3: return { do: 'send', peer, to: ['*'], text: `all ${this.#unique()}` }
      case 4: return { do: 'send', peer, to: [this.#name(), ...(random.below(3) === 0 ? [this.#name()] : [])], text: `direct ${this.#unique()}` }
      case 5: return { do: 'drain', peer, limit: 1 + random.below(20), peek: random.below(4) === 0 }
      default: return { do: 'set', peer, key: this.#pick(keys), value: this.#unique() }
    }
  }

  #membership(): Undated {
    const random = this.#random
    switch (random.below(9)) {
      case 0: return this.#inviteStep(this.#name(), this.#pick(['member', 'guest', 'admin', 'owner']), 1 + random.below(3), this.#pick([5_000, 60_000, dayMs]))
      case 1: return { do: 'revoke', peer: this.#name(), link: this.#pick(this.#links) }
      case 2: return { do: 'leave', peer: this.#name() }
      case 3:
      case 4: return { do: 'remove', peer: this.#name(), target: this.#name() }
      case 5: return { do: 'relay', peer: this.#name(), address: this.#pick(relays), add: random.below(3) > 0 }
      default: return { do: 'join', peer: this.#name(), link: this.#pick(this.#links), wait: random.below(2) === 0 }
    }
  }

  #policy(): Undated {
    const random = this.#random
    const peer = this.#pick(this.#names.slice(0, Math.ceil(this.#names.length / 2)))
    switch (random.below(8)) {
      case 0: return { do: 'title policy', peer, editors: this.#pick(['self', 'stewards']) }
      case 1:
      case 2: return { do: 'title', peer: this.#name(), title: this.#unique() }
      default: return { do: 'except', peer, target: this.#name(), permission: this.#pick(['state.write', 'state.write', 'message.send', 'document.write', 'memory.write']), choice: this.#pick(['allow', 'deny', 'default']) }
    }
  }

  #accident(): Undated {
    const random = this.#random
    const peer = this.#name()
    switch (random.below(16)) {
      case 0: return { do: 'crash', peer, silent: random.below(2) === 0 }
      case 1: return { do: 'crash in commit', peer, when: this.#pick(['before', 'after']) }
      case 2: return { do: 'stop', peer }
      case 3: return { do: 'backup', peer }
      case 4: return { do: 'restore', peer }
      case 5: return { do: 'disk', peer, problem: this.#pick(['full', 'io', 'readonly']), at: this.#pick(['commit', 'after-commit', 'reopen']) }
      case 6: return { do: 'skew', peer, ms: this.#skew() }
      case 7: return { do: 'rebuild', peer }
      default: return { do: 'start', peer }
    }
  }

  #weather(): Undated {
    const random = this.#random
    const [from, to] = this.#two()
    switch (random.below(10)) {
      case 0: return { do: 'partition', groups: this.#groups() }
      case 1: return { do: 'cut', from, to, oneWay: random.below(2) === 0 }
      case 2: return { do: 'stall', from, to }
      case 3: return { do: 'break', from, to }
      case 4:
      case 5: return { do: 'link', from, to, settings: { latencyMs: this.#pick([1, 20, 300, 4_000]), jitterMs: this.#pick([0, 50]), breakChance: this.#pick([0, 0, 0.05, 0.3]) } }
      case 6: return { do: 'online', peer: from, on: random.below(3) > 0 }
      default: return { do: 'heal' }
    }
  }

  #invite(peer: string, role: Role, uses: number, expiresMs: number): void {
    this.#add(this.#inviteStep(peer, role, uses, expiresMs), 20)
  }

  #inviteStep(peer: string, role: Role, uses: number, expiresMs: number): Undated {
    const link = `link${this.#links.length}`
    this.#links.push(link)
    return { do: 'invite', peer, link, role, uses, expiresMs }
  }

  #groups(): string[][] {
    const groups: string[][] = Array.from({ length: 2 + this.#random.below(2) }, () => [])
    for (const name of this.#names) this.#pick(groups).push(name)
    return groups
  }

  #skew(): number {
    return this.#pick([0, dayMs, -dayMs, 70 * yearMs, 90_000, -90_000])
  }

  /** Mostly moments; sometimes long enough for time-outs, leases and pauses to come into play. In a crowd time is dear. */
  #pause(): number {
    const roll = this.#random.below(20) + (this.#spec.peers > crowd ? 4 : 0)
    return roll === 0 ? 20_000 : roll < 4 ? 2_000 + this.#random.below(3_000) : roll < 10 ? this.#random.below(400) : this.#random.below(8)
  }

  #add(step: Undated, after: number): void {
    this.#steps.push({ ...step, after })
  }

  #two(): [string, string] {
    const from = this.#random.below(this.#names.length)
    const to = (from + 1 + this.#random.below(this.#names.length - 1)) % this.#names.length
    return [this.#names[from] as string, this.#names[to] as string]
  }

  #name(): string {
    return this.#pick(this.#names)
  }

  #unique(): string {
    return `v${++this.#count}`
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random.below(list.length)] as T
  }
}
