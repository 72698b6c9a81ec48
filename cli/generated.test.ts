import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { operations } from '../node/ops/index.ts'
import type { Operation } from '../node/ops/define.ts'
import { generateReference } from './generate-reference.ts'
import { generateCommandTable, generateToolTable } from './generate-table.ts'
import { toolTable } from '../node/mcp/tool-table.ts'
import { operationTable } from './operation-table.ts'
import { version } from './version.ts'

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8')

describe('what is generated from the declarations', () => {
  it('is current: npm run docs writes it', () => {
    expect(read('docs/operations.md')).toBe(generateReference())
    expect(read('cli/operation-table.ts')).toBe(generateCommandTable())
    expect(read('node/mcp/tool-table.ts')).toBe(generateToolTable())
  })

  it('leads every row of the table to its operation', async () => {
    for (const row of operationTable) expect((await row.load()).name).toBe(row.name)
    expect(operationTable.map((row) => row.name)).toEqual((operations as readonly Operation[]).filter((operation) => operation.cli !== undefined).map((operation) => operation.name))
  })

  it('leads every tool to its operation', async () => {
    for (const row of toolTable) expect((await row.load()).mcp?.tool).toBe(row.tool.name)
    expect(toolTable.map((row) => row.tool.name)).toEqual((operations as readonly Operation[]).flatMap((operation) => operation.mcp?.tool ?? []))
  })

  it('the version is that of the package', () => {
    expect(version).toBe((JSON.parse(read('package.json')) as { version: string }).version)
  })
})
