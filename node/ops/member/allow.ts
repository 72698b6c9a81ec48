import { defineOp } from '../define.ts'
import { except, exceptionAnswer, exceptionInput, showException } from './except.ts'

/** Allows one member what its role does not. */
export const memberAllow = defineOp({
  name: 'member.allow',
  doc: 'Let one member write what its role does not, such as a guest that keeps the shared state. Owners and admins may, for whom they could remove; inviting, roles and removals stay with the role.',
  permission: 'policy.write',
  positional: ['name', 'permission'],
  input: exceptionInput,
  output: exceptionAnswer,
  needs: ['members'],
  errors: ['member_unknown', 'member_ambiguous', 'exception_refused'],
  cli: { command: 'member allow' },
  example: 'atoll member allow dave state.write',
  handler: except('allow'),
  show: showException,
})
