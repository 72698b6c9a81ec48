/** The tools an agent sees, derived from the operations. */
import * as z from 'zod'
import type { Tool } from '@modelcontextprotocol/server'
import type { Operation } from '../ops/define.ts'
import { operations } from '../ops/index.ts'

/** Operations by the name of their tool. */
export function operationsByTool(): ReadonlyMap<string, Operation> {
  return new Map((operations as readonly Operation[]).flatMap((operation) => (operation.mcp === undefined ? [] : [[operation.mcp.tool, operation] as const])))
}

/** What `tools/list` answers. */
export function listTools(): Tool[] {
  return [...operationsByTool().values()].map(toolOf)
}

/** The parameter by which every tool picks a mesh; it becomes the caller's mesh. */
export const meshParameter = 'mesh_slug'

function toolOf(operation: Operation): Tool {
  const { tool, doc = operation.doc, alwaysLoad, readOnly = false, hidden = [] } = operation.mcp ?? { tool: operation.name }
  const input = jsonSchema(operation.input, 'input')
  const properties = Object.fromEntries(Object.entries(input.properties).filter(([name]) => !(hidden as readonly string[]).includes(name)))
  return {
    name: tool,
    description: doc,
    inputSchema: { ...input, properties: { ...properties, [meshParameter]: { type: 'string', description: 'Name of the mesh, where you are in several' } } },
    outputSchema: jsonSchema(operation.output, 'output'),
    annotations: { readOnlyHint: readOnly, openWorldHint: true },
    ...(alwaysLoad === true ? { _meta: { 'anthropic/alwaysLoad': true } } : {}),
  }
}

interface ObjectSchema {
  [key: string]: unknown
  readonly type: 'object'
  readonly properties: Readonly<Record<string, object>>
}

/** Answers of a newer node may carry more than this version knows, so outputs stay open. */
function jsonSchema(schema: z.ZodObject, io: 'input' | 'output'): ObjectSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: ({ jsonSchema: one }) => void (io === 'output' && delete one.additionalProperties) })
  return { ...rest, type: 'object', properties: (rest.properties ?? {}) as ObjectSchema['properties'] }
}
