import * as z from 'zod'
import { defineOp } from '../define.ts'
import { bad, good, strong, time, warn } from '../show.ts'
import { verification } from './shapes.ts'

/** Makes sure that somebody is who they say. */
export const memberVerify = defineOp({
  name: 'member.verify',
  doc: 'Show the safety number of you and a member: compare it where nobody can come between, then mark them as verified with `confirm`. The mark is kept on this device alone.',
  permission: 'member.verify',
  positional: ['name'],
  input: z.strictObject({
    name: z.string().min(1).max(4096).describe('The member’s name or id'),
    number: z.string().max(200).optional().describe('The thirty digits that they see: says whether they match'),
    confirm: z.boolean().default(false).describe('You have compared the numbers: mark them as verified, with all devices they have now'),
    withdraw: z.boolean().default(false).describe('Take the mark back'),
  }),
  output: z.object({
    member: z.string(),
    name: z.string(),
    number: z.string().describe('The same on both sides'),
    qr: z.array(z.string()).describe('It as a QR code, one string a line'),
    matches: z.boolean().nullable().describe('Null where no number was given'),
    verification,
    verified_at: z.number().nullable(),
    devices: z.number(),
    new_devices: z.array(z.string()).describe('Came, or took another key, since they were verified'),
  }),
  needs: ['members'],
  errors: ['member_unknown', 'member_ambiguous'],
  cli: { command: 'verify', exit: ({ matches }) => (matches === false ? 1 : 0) },
  onlyReads: ({ confirm, withdraw }) => confirm !== true && withdraw !== true,
  example: 'atoll verify bob --number "12345 67890 12345 67890 12345 67890" --confirm',
  handler: ({ members }, input) => members.verify(input),
  show: (answer) => [
    { facts: [['safety number', strong(answer.number)]] },
    ...(answer.matches === null ? [{ aside: answer.qr }] : []),
    ...(answer.matches === true ? [good('The number matches.')] : []),
    ...(answer.matches === false ? [bad(`The number does not match: whoever gave it to you does not see ${answer.name} as you do, or it was misread. Nothing was marked.`)] : []),
    ...(answer.verification === 'verified' ? [{ line: [strong(answer.name), good('is verified'), time(answer.verified_at)] }] : []),
    ...(answer.verification === 'changed' ? [bad(`${answer.name} has other devices than when you verified them: ${answer.new_devices.map((device) => device.slice(0, 12)).join(', ')}. Ask them whether these are theirs, then confirm again.`)] : []),
    ...(answer.verification === 'none' && answer.matches !== false ? [warn(`${answer.name} is not verified. Compare the number in person or on a call (they type \`atoll verify\` and your name); if it is the same, repeat this with --confirm.`)] : []),
  ],
})
