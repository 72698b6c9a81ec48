/** The static table of derived commands: what dispatch and `atoll help` need without loading an operation. */
import type { Operation } from '../node/ops/define.ts'
import { operations } from '../node/ops/index.ts'

/** The source text of cli/operation-table.ts. */
export function generateTable(): string {
  const rows = (operations as readonly Operation[]).filter((operation) => operation.cli !== undefined).map(row)
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

function row({ name, doc, cli }: Operation): string {
  const [noun, verb] = name.split('.') as [string, string]
  const exported = `${noun}${verb.split('-').map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('')}`
  return `  { name: '${name}', words: '${cli?.command}', summary: ${quoted(firstClause(doc))}, load: async () => (await import('../node/ops/${noun}/${verb}.ts')).${exported} },`
}

/** What a list of commands says of one: its doc up to the first stop. */
export function firstClause(doc: string): string {
  return doc.split(/[.;:](?:\s|$)/)[0] ?? doc
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
