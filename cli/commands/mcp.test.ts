/** `atoll mcp` as agents run it: a process on stdio, driven by the SDK's client, its node started in the background. */
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleMemoryAtoll, type BundledProgram } from '../../test/doubles/bundle-memory-atoll.ts'
import { runAtoll, startAtoll } from '../../test/doubles/run-atoll.ts'
import { TemporaryHome } from '../../test/doubles/temporary-home.ts'

describe('atoll mcp', () => {
  const home = new TemporaryHome()
  let program: BundledProgram
  beforeAll(async () => {
    program = await bundleMemoryAtoll()
  }, 60_000)
  afterAll(async () => {
    await home[Symbol.asyncDispose]()
    program[Symbol.dispose]()
  }, 30_000)

  const connect = async (more: readonly string[] = [], options: ConstructorParameters<typeof Client>[1] = {}) => {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [program.path, 'mcp', ...more],
      env: { PATH: process.env['PATH'] ?? '', HOME: home.path, ATOLL_HOME: home.path, CLAUDE_CODE_SESSION_ID: 'window-1', CLAUDE_PROJECT_DIR: '/work/project' },
      stderr: 'inherit',
    })
    const agent = new Client({ name: 'claude-code', version: '2' }, options)
    await agent.connect(transport)
    return agent
  }
  const text = async (agent: Client, name: string, parameters: Record<string, unknown> = {}) => JSON.stringify((await agent.callTool({ name, arguments: parameters })).content)

  it('works from nothing: starts the node, appears as a session, and outlives a node that is replaced', async () => {
    const agent = await connect()
    expect((await agent.listTools()).tools.length).toBeGreaterThan(15)
    expect(await text(agent, 'list_peers')).toContain('mesh_none')
    await runAtoll(program.path, home.path, ['create', 'crew', '--as', 'alex'])
    expect(await text(agent, 'list_peers')).toContain('project | alex | idle | claude-code | test | /work/project')
    // What runs inside the same window is the same session.
    await runAtoll(program.path, home.path, ['session', 'set-summary', 'from a shell'], { env: { CLAUDE_CODE_SESSION_ID: 'window-1' } })
    expect(await text(agent, 'list_peers')).toContain('from a shell')
    await runAtoll(program.path, home.path, ['down'])
    expect(await text(agent, 'mesh_info')).toContain('mesh_none')
    await agent.close()
  }, 60_000)

  it('speaks the newer era when told to', async () => {
    const agent = await connect(['--era', '2026'], { versionNegotiation: { mode: 'auto' } })
    expect((await agent.listTools()).tools.length).toBeGreaterThan(15)
    expect(await text(agent, 'get_state', { key: 'x' })).toMatch(/mesh_none|key_unknown/)
    await agent.close()
  }, 60_000)

  it('ends with its agent, and refuses an era it does not know', async () => {
    const { status } = await startAtoll(program.path, home.path, ['mcp']).finished
    expect(status).toBe(0)
    expect((await runAtoll(program.path, home.path, ['mcp', '--era', '1999'])).status).toBe(2)
  }, 60_000)
})
