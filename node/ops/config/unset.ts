import * as z from 'zod'
import { defineOp } from '../define.ts'
import { setting, settingKey, showSetting } from './shapes.ts'

/** Takes one setting back to its default. */
export const configUnset = defineOp({
  name: 'config.unset',
  doc: 'Take a setting out of the configuration file, so that its default counts again.',
  permission: 'config.write',
  positional: ['key'],
  input: z.strictObject({ key: settingKey }),
  output: setting,
  needs: ['config'],
  errors: ['config_unknown'],
  cli: { command: 'config unset' },
  example: 'atoll config unset network',
  handler: ({ config }, { key }) => config.unset(key),
  show: showSetting,
})
