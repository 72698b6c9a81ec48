import * as z from 'zod'
import { defineOp } from '../define.ts'
import { untilCancelled } from '../until-cancelled.ts'
import { message, showMessage } from './shapes.ts'

/** Follows messages as they arrive. */
export const messageWatch = defineOp({
  name: 'message.watch',
  doc: 'Follow the messages to this session as they arrive, until cancelled. They stay in the inbox.',
  permission: 'message.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({}),
  event: message,
  needs: ['messages'],
  errors: ['mesh_none', 'mesh_unknown', 'mesh_ambiguous', 'removed'],
  cli: { command: 'message watch' },
  example: 'atoll message watch --json',
  handler: async ({ messages }, _, { signal, emit, progress }) => {
    await messages.watch(emit, signal)
    progress('watching')
    return untilCancelled(signal)
  },
  show: () => [],
  showEvent: showMessage,
})
