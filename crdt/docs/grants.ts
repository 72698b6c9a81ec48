/**
 * What a member lets others do with it. Decisions are registers of the document `grants`, under the member's own key,
 * sealed to the member's own devices: nobody else can read them, and nobody else's count. Concurrent decisions are not
 * settled by the clock: the stricter counts, so that no device lets through what another has forbidden.
 */
import type { MemberId } from '../wire/ids.ts'
import type { Version } from './registers.ts'

export const grantsDoc = 'grants'

/** What can be granted, to a member or to everyone. */
export const grantable = ['message', 'broadcast', 'tools', 'files', 'machine', 'directory'] as const
export type Grantable = (typeof grantable)[number]
/** To the blocked a member looks like one that is offline. */
export type Decidable = Grantable | 'block'

const decidable: ReadonlySet<string> = new Set<Decidable>([...grantable, 'block'])

/** Stands for all whom no decision names. */
export const everyone = 'everyone'
export type Subject = MemberId | typeof everyone

/** The beginning of the keys of all that a member has decided. */
export const grantsOf = (member: MemberId): string => `${member}/`
export const grantKey = (member: MemberId, subject: Subject, what: Decidable): string => `${grantsOf(member)}${subject}/${what}`

/** What a key is about; undefined where this version does not know it. */
export function parseGrantKey(key: string): { readonly subject: Subject; readonly what: Decidable } | undefined {
  const found = /^[0-9a-f]{64}\/(everyone|[0-9a-f]{64})\/([a-z]+)$/.exec(key)
  if (!found || !decidable.has(found[2] as string)) return undefined
  return { subject: found[1] as Subject, what: found[2] as Decidable }
}

/** What concurrent values come to: the strictest. Undefined: nothing is decided. */
export function decided(what: Decidable, versions: readonly Version[]): boolean | undefined {
  const strict = what === 'block'
  const values = versions.map(({ deleted, value }) => (deleted ? undefined : value === 'true' || value === 'false' ? value === 'true' : strict))
  if (values.includes(strict)) return strict
  return values.includes(undefined) ? undefined : values[0]
}
