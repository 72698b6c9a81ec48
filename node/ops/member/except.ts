import * as z from 'zod'
import { contentPermissions, type Choice, type ContentPermission } from '../../../crdt/members/policy.ts'
import type { Services } from '../../ports/services.ts'
import { strong, type Show } from '../show.ts'

/** What members may be allowed or denied beside their role. */
export const contentPermission = z.enum(Object.keys(contentPermissions) as [ContentPermission, ...ContentPermission[]])

/** What a policy allows or denies one member beside the role. */
export const memberException = z.object({ permission: z.string(), choice: z.enum(['allow', 'deny']) })

/** As a list shows it: `+` is allowed, `-` denied. */
export const shownExceptions = (exceptions: readonly z.output<typeof memberException>[]): readonly string[] => exceptions.map(({ permission, choice: said }) => `${said === 'allow' ? '+' : '-'}${permission}`)

const choice = z.enum(['allow', 'deny', 'default'])

/** What the three operations that make and end exceptions take and answer. */
export const exceptionInput = z.strictObject({
  name: z.string().min(1).max(4096).describe('The member’s name or id'),
  permission: contentPermission.describe('What it is about'),
})
export const exceptionAnswer = z.object({
  member: z.string(),
  name: z.string(),
  permission: contentPermission,
  before: choice,
  choice,
  may: z.boolean().describe('Whether they may now, by their role and this'),
})

export const except = (to: Choice) => ({ members }: Pick<Services, 'members'>, { name, permission }: z.output<typeof exceptionInput>): ReturnType<Services['members']['except']> => members.except(name, permission, to)

export function showException({ name, permission, before, choice: now, may }: z.output<typeof exceptionAnswer>): Show {
  const what = { allow: 'is allowed', deny: 'is denied', default: 'is left to the role again with' }[now]
  return [{ line: [strong(name), before === now ? `${what} ${permission}, as before.` : `${what} ${permission} from now on.`, now === 'default' ? (may ? 'The role allows it.' : 'The role does not allow it.') : null] }]
}
