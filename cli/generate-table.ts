/** The static tables of commands and tools: what must be known before any operation is loaded. */
import { toolOf } from '../node/mcp/tool-of.ts'
import type { Operation } from '../node/ops/define.ts'
import { operations } from '../node/ops/index.ts'

const all = operations as readonly Operation[]

/** The source text of cli/operation-table.ts. */
export function generateCommandTable(): string {
  const rows = all.flatMap((operation) => (operation.cli === undefined ? [] : [`  { name: '${operation.name}', words: '${operation.cli.command}', summary: ${quoted(firstClause(operation.doc))}, load: ${loader(operation, '../node/ops')} },`]))
  return `// Generated from node/ops by \`npm run docs\`; do not edit. Starting \`atoll\` must not load every operation,
// so this says which words lead to which of them.
import type { Operation } from '../node/ops/define.ts'

export interface OperationRow {
  /** The name of the operation, \`noun.verb\`. */
  readonly name: string
  /** The words after \`atoll\`. */
  readonly words: string
  readonly summary: string
  load(): Promise<Operation>
}

/** Derived commands in the order in which help lists them. */
export const operationTable: readonly OperationRow[] = [
${rows.join('\n')}
]
`
}

/** The source text of node/mcp/tool-table.ts. */
export function generateToolTable(): string {
  const rows = all.flatMap((operation) => (operation.mcp === undefined ? [] : [`  {\n    load: ${loader(operation, '../ops')},\n    tool: ${JSON.stringify(toolOf(operation))},\n  },`]))
  return `// Generated from node/ops by \`npm run docs\`; do not edit. An agent waits for \`tools/list\` when it starts, so the
// definitions are ready here and the operations are loaded when they are called.
import type { Tool } from '@modelcontextprotocol/server'
import type { Operation } from '../ops/define.ts'

export interface ToolRow {
  readonly tool: Tool
  load(): Promise<Operation>
}

/** Every tool. */
export const toolTable: readonly ToolRow[] = [
${rows.join('\n')}
]
`
}

/** What a list of commands says of one: its doc up to the first stop. */
function firstClause(doc: string): string {
  return doc.split(/[.;:](?:\s|$)/)[0] ?? doc
}

function loader({ name }: Operation, folder: string): string {
  const [noun, verb] = name.split('.') as [string, string]
  const exported = `${noun}${verb.split('-').map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('')}`
  return `async () => (await import('${folder}/${noun}/${verb}.ts')).${exported}`
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
