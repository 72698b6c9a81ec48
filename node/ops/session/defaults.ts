import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import { defineOp } from '../define.ts'
import { nameText } from '../name-text.ts'
import { dim } from '../show.ts'

/** Which messages reach sessions unasked. */
export const messageMode = z.enum(['everyone', 'mentions', 'none'])

/** Names of groups. */
export const groupList = z.array(nameText()).max(limits.groupsPerSession)

/** What sessions of this device begin with in a mesh. */
export const sessionDefaults = defineOp({
  name: 'session.defaults',
  doc: 'Show or change what your sessions on this machine begin with in a mesh: their groups, and which messages reach them unasked (everyone; mentions: only those to you or the session by name; none). The inbox always has all.',
  permission: 'session.defaults',
  positional: [],
  input: z.strictObject({
    messages: messageMode.optional().describe('Which messages reach sessions unasked'),
    groups: groupList.optional().describe('A group that sessions begin in; repeat for several'),
    no_groups: z.boolean().default(false).describe('Begin in no group'),
  }),
  output: z.object({ groups: z.array(z.string()), messages: messageMode }),
  needs: ['sessions'],
  errors: [],
  cli: { command: 'session defaults', flags: { groups: 'group' }, placeholders: { groups: 'NAME' } },
  onlyReads: ({ messages, groups, no_groups: none }) => messages === undefined && groups === undefined && none !== true,
  example: 'atoll session defaults --messages mentions',
  handler: ({ sessions }, { messages, groups, no_groups: none }) => {
    if (none && groups !== undefined) throw new AtollError('bad_input', { what: 'Either --group or --no-groups, not both.' })
    return sessions.defaults({ messages, groups: none ? [] : groups })
  },
  show: ({ groups, messages }) => [{ facts: [['groups', groups.length === 0 ? dim('none') : groups], ['messages unasked', messages === 'everyone' ? 'from everyone' : messages === 'mentions' ? 'only those to you or the session by name' : 'none; the inbox has them']] }],
})
