import * as z from 'zod'
import { dim, strong, type Block, type Table } from '../show.ts'

/** A setting's name. */
export const settingKey = z.string().min(1).max(256).describe('Name of the setting, as `atoll config` lists it')

/** A setting with where its value comes from. */
export const setting = z.object({
  key: z.string(),
  value: z.union([z.string(), z.number(), z.boolean()]),
  source: z.enum(['default', 'file', 'environment', 'flag']),
  doc: z.string(),
})

/** Settings as a table. */
export function settingTable(settings: readonly z.output<typeof setting>[]): Table {
  return { columns: ['SETTING', 'VALUE', 'FROM', ''], rows: settings.map((one) => [strong(one.key), one.value === '' ? dim('(empty)') : one.value, dim(one.source), dim(one.doc)]), empty: 'There are no settings.' }
}

/** One setting, and a word of warning where the file is not what counts. */
export function showSetting(one: z.output<typeof setting>): readonly Block[] {
  const over = one.source === 'environment' || one.source === 'flag' ? [`It is set by ${one.source === 'flag' ? 'a flag' : 'the environment'} of the running node, which counts before the file.`] : []
  return [{ line: [strong(one.key), '=', one.value === '' ? dim('(empty)') : one.value, dim(`(${one.source})`)] }, ...over]
}
