import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { defineOp } from '../define.ts'
import { dim, strong, time } from '../show.ts'
import { untilCancelled } from '../until-cancelled.ts'
import { author, inline, moment, storedJson } from './shapes.ts'

/** Follows changes as they happen. */
export const stateWatch = defineOp({
  name: 'state.watch',
  doc: 'Follow changes as they happen: each with the old and the new value and its author, until cancelled.',
  permission: 'state.read',
  positional: ['prefix'],
  input: z.strictObject({ prefix: z.string().max(limits.keyBytes).default('').describe('Only keys that start with this') }),
  output: z.object({}),
  event: z.object({ key: z.string(), old: storedJson, value: storedJson, deleted: z.boolean(), by: author, at: moment }),
  needs: ['state'],
  errors: [],
  cli: { command: 'state watch' },
  example: 'atoll state watch build/',
  handler: async ({ state }, { prefix }, { signal, emit, progress }) => {
    await state.watch(prefix, emit, signal)
    progress('watching')
    return untilCancelled(signal)
  },
  show: () => [],
  showEvent: ({ key, old, value, deleted, by, at }) => [
    { line: [time(at), by, strong(key), old === null ? null : dim(inline(old)), old === null ? null : dim('→'), deleted ? dim('deleted') : inline(value)] },
  ],
})
