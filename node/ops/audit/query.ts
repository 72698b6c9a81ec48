import * as z from 'zod'
import { defineOp } from '../define.ts'
import { momentText } from '../moment-text.ts'
import { bad, dim, strong, time } from '../show.ts'
import { kindsSaid, madeBy } from './made-by.ts'

const what = z.string().max(64).refine((said) => kindsSaid(said) !== undefined, 'say `membership`, `content`, an operation such as `state.set`, or its noun such as `file`')

/** Shows who did what. */
export const auditQuery = defineOp({
  name: 'audit.query',
  doc: 'Who did what, when and by which operation, as the signed entries say: members coming and going, and what was changed. Contents are not shown.',
  permission: 'audit.read',
  positional: [],
  input: z.strictObject({
    by: z.string().min(1).max(4096).optional().describe('Only what this member did'),
    what: what.optional().describe('`membership`, `content`, an operation or its noun'),
    since: momentText().optional().describe('A day, an instant, or how long ago: 12h'),
    until: momentText().optional().describe('Nothing later than this'),
    log: z.string().regex(/^[0-9a-f]{6,64}$/, 'an id, or at least six digits of its beginning').optional().describe('Only this log or device: the beginning of its id'),
    oldest: z.boolean().default(false).describe('Oldest first'),
    after: z.string().regex(/^[0-9a-f]{64}$/, 'the whole id of an entry').optional().describe('Go on behind this entry: the last `next`'),
    limit: z.number().int().min(1).max(1000).default(50).describe('At most this many'),
  }),
  output: z.object({
    entries: z.array(z.object({
      entry: z.string(),
      log: z.string(),
      seq: z.number(),
      device: z.string(),
      by: z.string(),
      at: z.number(),
      changes: z.array(z.object({ kind: z.string(), text: z.string(), count: z.number(), operations: z.array(z.string()) })),
      void: z.string().nullable().describe('Why it has no effect'),
    })),
    next: z.string().nullable(),
  }),
  needs: ['audit'],
  errors: ['member_unknown', 'member_ambiguous', 'entry_unknown'],
  cli: { command: 'audit query' },
  mcp: { tool: 'audit_query', readOnly: true, hidden: ['log', 'until', 'oldest'] },
  example: 'atoll audit query --what membership --since 7d',
  handler: async ({ audit }, { what: said, oldest, ...query }, { progress, signal }) => {
    const { entries, next } = await audit.query({ ...query, kinds: said === undefined ? undefined : kindsSaid(said), newest_first: !oldest }, (done, total) => progress('reading entries', done, total), signal)
    return { entries: entries.map((entry) => ({ ...entry, changes: entry.changes.map((change) => ({ ...change, operations: madeBy[change.kind] })) })), next }
  },
  show: ({ entries, next }) => [
    {
      columns: ['WHEN', 'BY', 'WHAT', 'OPERATION', '', 'ENTRY'],
      rows: entries.map((one) => [
        time(one.at),
        strong(one.by),
        one.changes.map(({ text }) => text).join('; '),
        dim([...new Set(one.changes.map(({ operations }) => operations.join(' or ')))].filter((name) => name !== '').join(', ')),
        one.void === null ? null : bad(`void: ${one.void}`),
        dim(one.entry),
      ]),
      empty: 'Nothing of that kind was done.',
    },
    ...(next === null ? [] : [dim(`There is more: go on with --after ${next}`)]),
  ],
})
