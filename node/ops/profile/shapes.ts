import * as z from 'zod'
import { profileFields, type ProfileField } from '../../../crdt/members/policy.ts'
import { strong, type Show } from '../show.ts'

/** The fields of a profile. */
export const profileField = z.enum(Object.keys(profileFields) as [ProfileField, ...ProfileField[]])

export const profile = z.object({
  member: z.string(),
  name: z.string(),
  you: z.boolean(),
  title: z.string().nullable(),
  bio: z.string().nullable(),
  avatar: z.string().nullable(),
  capabilities: z.array(z.string()),
  editable: z.array(profileField).describe('The fields that you may edit'),
})

/** What a member says of itself was written by a peer: it is quoted. */
export function showProfile({ name, title, bio, avatar, capabilities, editable }: z.output<typeof profile>): Show {
  return [
    { facts: [['name', strong(name)], ['title', title], ['avatar', avatar], ['capabilities', capabilities], ['you may edit', editable.length === 0 ? 'nothing' : editable]] },
    ...(bio === null ? [] : [{ quote: bio }]),
  ]
}
