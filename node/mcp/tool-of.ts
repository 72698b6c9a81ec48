/** The tools an agent sees, derived from the operations. An agent waits for its tools, so they are written into tool-table.ts beforehand. */
import * as z from 'zod'
import type { Tool } from '@modelcontextprotocol/server'
import type { Operation } from '../ops/define.ts'
import { meshParameter } from './mesh-parameter.ts'

/** The definition of an operation's tool, as `tools/list` answers it. */
export function toolOf(operation: Operation): Tool {
  const { tool, doc = operation.doc, alwaysLoad, readOnly = false, hidden = [] } = operation.mcp ?? { tool: operation.name }
  const input = jsonSchema(operation.input, 'input')
  const properties = Object.fromEntries(Object.entries(input.properties).filter(([name]) => !(hidden as readonly string[]).includes(name)))
  return {
    name: tool,
    description: doc,
    inputSchema: { ...input, properties: { ...properties, [meshParameter]: { type: 'string', description: 'Which mesh, if in several' } } },
    outputSchema: jsonSchema(operation.output, 'output'),
    // What the protocol takes for granted is left out: an agent pays for every character.
    ...(readOnly ? { annotations: { readOnlyHint: true } } : {}),
    ...(alwaysLoad === true ? { _meta: { 'anthropic/alwaysLoad': true } } : {}),
  }
}

interface ObjectSchema {
  [key: string]: unknown
  readonly type: 'object'
  readonly properties: Readonly<Record<string, object>>
}

/**
 * Answers of a newer node may carry more than this version knows, so outputs stay open. Inputs do not, and say so when
 * they are parsed: in words, and not in every definition that an agent reads.
 */
function jsonSchema(schema: z.ZodObject, io: 'input' | 'output'): ObjectSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: ({ jsonSchema: one }) => void (one.additionalProperties === false && delete one.additionalProperties) })
  return { ...rest, type: 'object', properties: (rest.properties ?? {}) as ObjectSchema['properties'] }
}
