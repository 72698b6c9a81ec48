import * as z from 'zod'
import { defineOp } from '../define.ts'
import { setting, settingTable } from './shapes.ts'

/** Lists the settings of the profile. */
export const configList = defineOp({
  name: 'config.list',
  doc: 'List every setting of this profile with its value, where the value comes from, and what it does.',
  permission: 'config.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({ settings: z.array(setting) }),
  needs: ['config'],
  errors: [],
  cli: { command: 'config' },
  example: 'atoll config',
  handler: async ({ config }) => ({ settings: await config.list() }),
  show: ({ settings }) => [settingTable(settings)],
})
