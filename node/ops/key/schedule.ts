import * as z from 'zod'
import { bytesText } from '../../ports/bytes-text.ts'
import { defineOp } from '../define.ts'
import { dim, shortId, time, warn } from '../show.ts'

const count = (most: number): z.ZodOptional<z.ZodNumber> => z.number().int().min(1).max(most).optional()

/** Shows or says when keys are changed. */
export const keySchedule = defineOp({
  name: 'key.schedule',
  doc: 'When keys are changed though nobody was removed: after so many days, so much that was sealed, or so many entries, whichever comes first. Without flags it tells; owners and admins change what they name.',
  permission: 'key.schedule',
  positional: [],
  input: z.strictObject({
    days: count(3650).describe('Days that one key is used at most'),
    megabytes: count(1_000_000).describe('Megabytes that are sealed with one key at most'),
    entries: count(1_000_000_000).describe('Entries that are sealed with one key at most'),
  }),
  output: z.object({
    days: z.number(),
    megabytes: z.number(),
    entries: z.number(),
    epoch: z.string(),
    since: z.number().describe('Since when this device knows the key in use'),
    sealed_bytes: z.number(),
    sealed_entries: z.number(),
  }),
  needs: ['keys'],
  errors: [],
  cli: { command: 'rotation', flags: { megabytes: 'mb' }, placeholders: { days: 'N', megabytes: 'N', entries: 'N' } },
  example: 'atoll rotation --days 7 --mb 100',
  onlyReads: (input) => Object.keys(input).length === 0,
  handler: ({ keys }, change) => keys.schedule(change),
  show: (answer) => [
    `Keys are changed after ${answer.days} ${answer.days === 1 ? 'day' : 'days'}, ${bytesText(answer.megabytes * 1_000_000)} or ${answer.entries} entries, whichever comes first.`,
    answer.epoch === '' ? warn('No key is there to write with: the next write makes one.') : { line: ['The key in use is', shortId(answer.epoch), 'since', time(answer.since), dim(`(${bytesText(answer.sealed_bytes)} in ${answer.sealed_entries} entries, as far as this device counted)`)] },
  ],
})
