import * as z from 'zod'
import { defineOp } from '../define.ts'

/** Closes an invite. */
export const inviteRevoke = defineOp({
  name: 'invite.revoke',
  doc: 'Close an invite: nobody can join by its link any more. Those who already joined stay.',
  permission: 'invite.write',
  positional: ['id'],
  input: z.strictObject({ id: z.string().min(1).max(256).describe('The invite’s id, as `atoll invite list` shows it') }),
  output: z.object({ id: z.string() }),
  needs: ['mesh'],
  errors: ['invite_unknown'],
  cli: { command: 'invite revoke' },
  example: 'atoll invite revoke 7fq2',
  handler: async ({ mesh }, { id }) => {
    await mesh.revokeInvite(id)
    return { id }
  },
  show: () => ['The invite is closed.'],
})
