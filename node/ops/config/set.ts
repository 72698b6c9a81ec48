import * as z from 'zod'
import { defineOp } from '../define.ts'
import { setting, settingKey, showSetting } from './shapes.ts'

/** Changes one setting. */
export const configSet = defineOp({
  name: 'config.set',
  doc: 'Change one setting in the profile’s configuration file. It counts at once; an environment variable or flag of the node counts before it.',
  permission: 'config.write',
  positional: ['key', 'value'],
  input: z.strictObject({ key: settingKey, value: z.string().max(4096).describe('The new value') }),
  output: setting,
  needs: ['config'],
  errors: ['config_unknown'],
  cli: { command: 'config set' },
  example: 'atoll config set network off',
  handler: ({ config }, { key, value }) => config.set(key, value),
  show: showSetting,
})
