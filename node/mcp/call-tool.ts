/** One `tools/call`: the operation behind the tool, run at the node, answered so that an agent can go on from it. */
import type { CallToolResult } from '@modelcontextprotocol/server'
import { AtollError, toAtollError } from '../ports/errors.ts'
import type { Message } from '../ports/services.ts'
import { absolutePaths } from '../ops/absolute-paths.ts'
import type { Operation } from '../ops/define.ts'
import type { CallOptions, Client } from '../rpc/client-types.ts'
import { frameMessages } from './frame-messages.ts'
import { showText } from './show-text.ts'
import { meshParameter } from './mesh-parameter.ts'
import { toolTable } from './tool-table.ts'

/** Never rejects: what went wrong is a result with isError, the code, and what to do about it. */
export async function callTool(tool: string, parameters: Readonly<Record<string, unknown>>, client: () => Promise<Client>, { absolute, ...options }: Pick<CallOptions, 'signal' | 'progress'> & { readonly absolute: (path: string) => string }): Promise<CallToolResult> {
  try {
    const row = toolTable.find((one) => one.tool.name === tool)
    if (row === undefined) throw new AtollError('unknown_operation', { name: tool })
    const operation = await row.load()
    const { [meshParameter]: mesh, ...input } = parameters
    if (mesh !== undefined && typeof mesh !== 'string') throw new AtollError('bad_input', { what: `${meshParameter} must be the name of a mesh.` })
    const hidden = operation.mcp?.hidden?.find((name) => name in input)
    if (hidden !== undefined) throw new AtollError('bad_input', { what: `${tool} has no parameter ${hidden}.` })
    const answer = (await (await client()).callUntyped(operation.name, absolutePaths(operation, input, absolute), { ...options, mesh })) as Record<string, unknown>
    return { content: [{ type: 'text', text: textOf(operation, answer, input) }], structuredContent: answer }
  } catch (error) {
    return failure(toAtollError(error))
  }
}

function textOf(operation: Operation, answer: Record<string, unknown>, input: Record<string, unknown>): string {
  if (operation.name === 'message.inbox') return frameMessages(answer['messages'] as readonly Message[])
  return showText(operation.show(answer, input)) || 'Done.'
}

function failure(error: AtollError): CallToolResult {
  const { code, message, retry } = error
  return {
    isError: true,
    content: [{ type: 'text', text: `${code}: ${message}${retry ? ' The same call may work later.' : ''}` }],
    _meta: { 'atoll/error': { code, retry } },
  }
}
