/** Clients that others wrote, over stdio, against the built program and a real node: every tool, with good and bad arguments. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { join } from 'node:path'
import { Client, type CallToolResult } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { describe, expect, it } from 'vitest'
import { requires } from '../requires.ts'
import { World, type Person } from './world.ts'

const program = join(import.meta.dirname, '../../dist/bin.js')
const run = promisify(execFile)

/** For each tool, arguments that must work in this order, and some that must be refused with words. */
const calls: Readonly<Record<string, { readonly good: (kept: Kept) => Record<string, unknown>; readonly bad?: Record<string, unknown> }>> = {
  mesh_info: { good: () => ({}), bad: { mesh_slug: 'nowhere' } },
  set_status: { good: () => ({ status: 'working' }), bad: { status: 'asleep' } },
  set_summary: { good: () => ({ summary: 'trying every tool' }), bad: {} },
  set_state: { good: () => ({ key: 'k', value: { nested: [1, 'zwei'] } }), bad: { key: '', value: 1 } },
  get_state: { good: () => ({ key: 'k' }), bad: { key: 'nothing here' } },
  list_state: { good: () => ({}), bad: { mesh_slug: 7 } },
  remember: { good: () => ({ content: 'The release is on Friday', tags: ['release'] }), bad: { content: '' } },
  recall: { good: () => ({ query: 'friday' }), bad: { query: 'x', limit: 'many' } },
  forget: { good: ({ note }) => ({ id: note }), bad: { id: 'no-such-note' } },
  create_document: { good: () => ({ title: 'Plan', text: 'One' }), bad: { title: '' } },
  list_documents: { good: () => ({}), bad: { mesh_slug: 'nowhere' } },
  append_document: { good: () => ({ document: 'Plan', text: '- two' }), bad: { document: 'No such plan', text: 'x' } },
  read_document: { good: () => ({ document: 'Plan' }), bad: { document: 'No such plan' } },
  export_document: { good: () => ({ document: 'Plan', format: 'yjs' }), bad: { document: 'Plan', format: 'pdf' } },
  share_file: { good: () => ({ path: import.meta.filename, to: 'bob', tags: ['test'] }), bad: { path: '/no/such/file' } },
  list_files: { good: () => ({ query: 'mcp' }), bad: { query: 7 } },
  file_status: { good: ({ file }) => ({ id: file }), bad: { id: 'no such file' } },
  get_file: { good: ({ file, folder }) => ({ id: file, save_to: join(folder ?? '', 'copy.ts') }), bad: { id: 'no such file' } },
  grant_file_access: { good: ({ file }) => ({ fileId: file, to: 'bob' }), bad: { fileId: 'no such file', to: 'bob' } },
  delete_file: { good: ({ file }) => ({ id: file }), bad: { id: 'no such file' } },
  delete_state: { good: () => ({ key: 'k' }), bad: { key: 'k' } },
  list_peers: { good: () => ({}), bad: { mesh_slug: 'nowhere' } },
  send_message: { good: () => ({ to: 'bob', message: 'hello', priority: 'next' }), bad: { to: 'nobody at all', message: 'x' } },
  message_status: { good: ({ message }) => ({ id: message }), bad: { id: 'ffffffff' } },
  check_messages: { good: () => ({}), bad: { limit: -1 } },
  explain_path: { good: () => ({ peer: 'bob' }), bad: { peer: 'nobody at all' } },
  ping_mesh: { good: () => ({}), bad: { priorities: ['whenever'] } },
  mesh_stats: { good: () => ({}), bad: { mesh_slug: 'nowhere' } },
  audit_query: { good: () => ({ what: 'membership', limit: 2 }), bad: { what: 'nonsense' } },
  audit_verify: { good: () => ({}), bad: { mesh_slug: 'nowhere' } },
}

interface Kept {
  note?: string
  message?: string
  file?: string
  folder?: string
}

async function meshOfTwo(world: World): Promise<Person> {
  const [alice, bob] = await Promise.all([world.node('alice'), world.node('bob')])
  await alice.does('create', 'reef', '--as', 'alice')
  await bob.does('join', (await alice.does('invite'))['link'] as string, '--name', 'bob')
  await alice.inSync(1)
  return alice
}

describe('MCP clients', () => {
  it('H1 T9: the SDK’s client calls every tool, with good arguments and bad', async () => {
    await using world = new World()
    const alice = await meshOfTwo(world)
    const client = new Client({ name: 'sdk', version: '1' })
    await client.connect(new StdioClientTransport({ command: process.execPath, args: [program, 'mcp'], env: { ...(process.env as Record<string, string>), ATOLL_HOME: alice.home } }))
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name).sort()).toEqual(Object.keys(calls).sort())
    const call = async (name: string, args: Record<string, unknown>): Promise<CallToolResult> => (await client.callTool({ name, arguments: args })) as CallToolResult
    const kept: Kept = { folder: alice.home }
    for (const [name, { good, bad }] of Object.entries(calls)) {
      const answer = await call(name, good(kept))
      expect(answer.isError, `${name}: ${JSON.stringify(answer)}`).not.toBe(true)
      const { id } = (answer.structuredContent ?? {}) as { id?: string }
      if (name === 'remember') kept.note = id as string
      if (name === 'send_message') kept.message = id as string
      if (name === 'share_file') kept.file = id as string
      if (!bad) continue
      const refused = await call(name, bad).catch((error: unknown) => ({ isError: true, content: [{ type: 'text', text: String(error) }] }))
      expect(refused.isError, `${name} should refuse ${JSON.stringify(bad)}: ${JSON.stringify(refused)}`).toBe(true)
      expect((refused.content[0] as { text: string }).text.length, `${name} says why`).toBeGreaterThan(10)
    }
    await client.close()
  })

  it.skipIf(!requires('inspector'))('H1: the Inspector’s command line lists and calls tools', async () => {
    await using world = new World()
    const alice = await meshOfTwo(world)
    const inspect = async (...args: string[]): Promise<Record<string, unknown>> => {
      const { stdout } = await run('mcp-inspector', ['--cli', '-e', `ATOLL_HOME=${alice.home}`, process.execPath, program, 'mcp', ...args])
      return JSON.parse(stdout) as Record<string, unknown>
    }
    expect((await inspect('--method', 'tools/list'))['tools']).toHaveLength(Object.keys(calls).length)
    expect((await inspect('--method', 'tools/call', '--tool-name', 'set_state', '--tool-arg', 'key=k', '--tool-arg', 'value=42'))['isError']).not.toBe(true)
    expect((await inspect('--method', 'tools/call', '--tool-name', 'get_state', '--tool-arg', 'key=k'))['structuredContent']).toMatchObject({ value: 42 })
    await expect(inspect('--method', 'tools/call', '--tool-name', 'get_state', '--tool-arg', 'key=missing')).rejects.toThrow(/isError|key_unknown/)
  })
})
