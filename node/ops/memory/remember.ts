import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { boundedText } from '../bounded-text.ts'
import { defineOp } from '../define.ts'
import { dim } from '../show.ts'

/** Adds a note to what the mesh knows. */
export const memoryRemember = defineOp({
  name: 'memory.remember',
  doc: 'Keep a note that every member of the mesh can find again: a decision, a finding, how something works here.',
  permission: 'memory.write',
  positional: ['content'],
  input: z.strictObject({
    content: boundedText('The note', limits.noteBytes).describe('The note, in plain words that will be searched for'),
    tags: z.array(boundedText('A tag', limits.tagBytes)).max(limits.tagsPerNote).default([]).describe('Words to find it by'),
  }),
  output: z.object({ id: z.string(), at: z.number() }),
  needs: ['memory'],
  errors: [],
  cli: { command: 'remember', placeholders: { content: 'TEXT' }, rest: true, stdin: 'content' },
  mcp: { tool: 'remember' },
  example: 'atoll remember "The staging database is rebuilt on Mondays" --tags staging,database',
  handler: ({ memory }, { content, tags }) => memory.remember({ text: content, tags }),
  show: ({ id }) => [{ line: ['Remembered.', dim(`id ${id}`)] }],
})
