/**
 * `node cli/generate-docs.ts`: writes docs/operations.md and the static tables from the declarations.
 * With `--check` it writes nothing and fails where a file differs from what it would write.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generateReference } from './generate-reference.ts'
import { generateCommandTable, generateToolTable } from './generate-table.ts'

const root = join(import.meta.dirname, '..')
const files = [
  ['cli/operation-table.ts', generateCommandTable()],
  ['node/mcp/tool-table.ts', generateToolTable()],
  ['docs/operations.md', generateReference()],
] as const

const stale = files.filter(([path, text]) => current(path) !== text)
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is not what the operations declare: run \`npm run docs\`.`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
    console.log(`wrote ${path}`)
  }
}

function current(path: string): string | null {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
