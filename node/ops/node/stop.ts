import * as z from 'zod'
import { defineOp } from '../define.ts'

/** Asks the node to end. */
export const nodeStop = defineOp({
  name: 'node.stop',
  doc: 'Stop the running node, after this answer has been sent. Sessions attach again when the next command or session starts it.',
  permission: 'node.stop',
  positional: [],
  input: z.strictObject({}),
  output: z.object({}),
  needs: ['node'],
  errors: [],
  example: 'atoll down',
  handler: async ({ node }) => {
    await node.stop()
    return {}
  },
  show: () => ['The node is stopping.'],
})
