/**
 * Writes the golden vectors. They are settled for good (SPEC.md): what stands in them must be read by every later
 * version, so files that are there are replaced only with --force, which is right before the first release alone.
 *
 *   npx node test/golden/make.ts
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { vectors } from './vectors.ts'

const folder = join(import.meta.dirname, 'vectors')
const force = process.argv.includes('--force')
mkdirSync(folder, { recursive: true })
for (const [name, content] of Object.entries(vectors())) {
  const path = join(folder, `${name}.json`)
  if (existsSync(path) && !force) {
    console.error(`${path} is there already: golden vectors do not change. New things get a file of their own.`)
    process.exitCode = 1
  } else writeFileSync(path, `${JSON.stringify(content, null, 1)}\n`)
}
