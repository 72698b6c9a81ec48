import * as z from 'zod'
import { defineOp } from '../define.ts'
import { setting, settingKey, showSetting } from './shapes.ts'

/** Reads one setting. */
export const configGet = defineOp({
  name: 'config.get',
  doc: 'Read one setting.',
  permission: 'config.read',
  positional: ['key'],
  input: z.strictObject({ key: settingKey }),
  output: setting,
  needs: ['config'],
  errors: ['config_unknown'],
  cli: { command: 'config get' },
  example: 'atoll config get network',
  handler: ({ config }, { key }) => config.get(key),
  show: showSetting,
})
