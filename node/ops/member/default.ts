import { defineOp } from '../define.ts'
import { except, exceptionAnswer, exceptionInput, showException } from './except.ts'

/** Ends an exception. */
export const memberDefault = defineOp({
  name: 'member.default',
  doc: 'End an exception: what the member may write is again what its role says.',
  permission: 'policy.write',
  positional: ['name', 'permission'],
  input: exceptionInput,
  output: exceptionAnswer,
  needs: ['members'],
  errors: ['member_unknown', 'member_ambiguous', 'exception_refused'],
  cli: { command: 'member default' },
  example: 'atoll member default eve message.send',
  handler: except('default'),
  show: showException,
})
