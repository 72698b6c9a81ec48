import { defineOp } from '../define.ts'
import { except, exceptionAnswer, exceptionInput, showException } from './except.ts'

/** Denies one member what its role allows. */
export const memberDeny = defineOp({
  name: 'member.deny',
  doc: 'Take from one member what its role lets it write. Who has not heard of it yet writes on, and that stands; keys and roles stay as they are. Owners and admins may, for whom they could remove.',
  permission: 'policy.write',
  positional: ['name', 'permission'],
  input: exceptionInput,
  output: exceptionAnswer,
  needs: ['members'],
  errors: ['member_unknown', 'member_ambiguous', 'exception_refused'],
  cli: { command: 'member deny' },
  example: 'atoll member deny eve message.send',
  handler: except('deny'),
  show: showException,
})
