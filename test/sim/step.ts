/**
 * A scenario is a list of steps, plain data, made from a seed before anything runs. Each step stands alone: one that
 * cannot be done (its peer is down, or not in the mesh) does nothing, so any of them can be left out.
 */
import type { FailurePoint } from '../../node/peer/memory-store.ts'
import type { LinkSettings } from '../../node/peer/memory-network-link.ts'
import type { Choice, ContentPermission } from '../../crdt/members/policy.ts'
import type { Role } from '../../node/ports/services.ts'
import type { StoreProblem } from '../../node/ports/store.ts'

/** What somebody asks of a peer. */
export type Operation =
  | { readonly do: 'create'; readonly peer: string; readonly relay: boolean }
  | { readonly do: 'invite'; readonly peer: string; readonly link: string; readonly role: Role; readonly uses: number; readonly expiresMs: number }
  | { readonly do: 'revoke'; readonly peer: string; readonly link: string }
  | { readonly do: 'join'; readonly peer: string; readonly link: string; readonly wait: boolean }
  | { readonly do: 'leave'; readonly peer: string }
  | { readonly do: 'remove'; readonly peer: string; readonly target: string }
  | { readonly do: 'set'; readonly peer: string; readonly key: string; readonly value: string }
  /** Many values at once: entries with several changes, and more than one credit window holds. */
  | { readonly do: 'burst'; readonly peer: string; readonly name: string; readonly count: number; readonly bytes: number }
  | { readonly do: 'delete'; readonly peer: string; readonly key: string }
  | { readonly do: 'remember'; readonly peer: string; readonly text: string; readonly tags: readonly string[] }
  /** Forgets the newest note that has this word. */
  | { readonly do: 'forget'; readonly peer: string; readonly word: string }
  | { readonly do: 'send'; readonly peer: string; readonly to: readonly string[]; readonly text: string }
  | { readonly do: 'drain'; readonly peer: string; readonly limit: number; readonly peek: boolean }
  | { readonly do: 'relay'; readonly peer: string; readonly address: string; readonly add: boolean }
  /** Adds a line to the first live document it knows, or starts one. */
  | { readonly do: 'write'; readonly peer: string; readonly line: string }
  /** Makes an exception for somebody, or says who edits titles. */
  | { readonly do: 'except'; readonly peer: string; readonly target: string; readonly permission: ContentPermission; readonly choice: Choice }
  | { readonly do: 'title policy'; readonly peer: string; readonly editors: 'self' | 'stewards' }
  | { readonly do: 'title'; readonly peer: string; readonly title: string }
  | { readonly do: 'rebuild'; readonly peer: string }

/** What happens to a machine. */
export type Accident =
  | { readonly do: 'crash'; readonly peer: string; readonly silent: boolean }
  | { readonly do: 'crash in commit'; readonly peer: string; readonly when: 'before' | 'after' }
  | { readonly do: 'stop'; readonly peer: string }
  | { readonly do: 'start'; readonly peer: string }
  | { readonly do: 'backup'; readonly peer: string }
  | { readonly do: 'restore'; readonly peer: string }
  | { readonly do: 'disk'; readonly peer: string; readonly problem: StoreProblem; readonly at: FailurePoint }
  | { readonly do: 'skew'; readonly peer: string; readonly ms: number }

/** What happens to the network. */
export type Weather =
  | { readonly do: 'partition'; readonly groups: readonly (readonly string[])[] }
  | { readonly do: 'cut'; readonly from: string; readonly to: string; readonly oneWay: boolean }
  | { readonly do: 'stall'; readonly from: string; readonly to: string }
  | { readonly do: 'break'; readonly from: string; readonly to: string }
  | { readonly do: 'link'; readonly from: string; readonly to: string; readonly settings: Partial<LinkSettings> }
  | { readonly do: 'heal' }
  | { readonly do: 'online'; readonly peer: string; readonly on: boolean }

/** What a scenario does next, and how long after the step before, milliseconds. */
export type Step = (Operation | Accident | Weather) & { readonly after: number }

/** From which numbers a scenario is made. */
export interface ScenarioSpec {
  readonly seed: number
  readonly peers: number
  readonly steps: number
  /** Live documents are written too. Scenarios of older seeds were made without. */
  readonly documents?: true
  /** Stewards make exceptions and say who edits titles. */
  readonly policies?: true
}

export interface Scenario {
  readonly spec: ScenarioSpec
  readonly steps: readonly Step[]
}

/** A step in a line, for people. */
export function describeStep(step: Step): string {
  const { do: verb, after, ...rest } = step
  return `+${after} ms ${verb} ${JSON.stringify(rest)}`
}
