/** The SDK's own client against our server, with the peer in memory behind it: every tool, with good and bad arguments. */
import { Client as McpClient, InMemoryTransport, type CallToolResult } from '@modelcontextprotocol/client'
import { afterEach, describe, expect, it } from 'vitest'
import { MemoryPeer } from '../../test/doubles/memory-peer.ts'
import type { SessionHello } from '../ports/services.ts'
import { createClient } from '../rpc/client.ts'
import { createDuplexPair } from '../rpc/duplex-pair.ts'
import { serveRpc } from '../rpc/serve.ts'
import { AtollError } from '../ports/errors.ts'
import { AgentSession } from './agent-session.ts'
import { instructions } from './instructions.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

interface World {
  readonly host: MemoryPeer
  readonly agent: McpClient
  readonly problems: string[]
  /** Cuts the connection to the node; the next attachment waits until `back`. */
  goAway(): void
  comeBack(): void
  readonly starts: boolean[]
  call(tool: string, parameters?: Record<string, unknown>): Promise<CallToolResult & { readonly text: string }>
}

async function setup(options: { channel?: boolean; meshes?: readonly string[] } = {}): Promise<World> {
  const host = new MemoryPeer({ now: () => 1000 })
  for (const mesh of options.meshes ?? ['crew']) host.join(mesh, 'alex', 'owner', [])
  const problems: string[] = []
  const starts: boolean[] = []
  let node = new AbortController()
  let away = false
  const session = new AgentSession({
    absolute: (path) => `/work/${path}`,
    version: '0.1.0',
    channel: options.channel ?? false,
    attach: async (start, agent, signal) => {
      starts.push(start)
      if (away && !start) throw new AtollError('node_unreachable', { why: 'none is running on this profile' })
      if (away) [away, node] = [false, new AbortController()]
      const [ours, theirs] = createDuplexPair()
      void serveRpc(theirs, host, { signal: node.signal })
      const hello: SessionHello = { session: 's1', directory: '/work/thing', agent, kind: 'mcp' }
      return createClient(ours, hello, { version: '0.1.0', signal })
    },
    problem: (why) => problems.push(why),
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  })
  const [here, there] = InMemoryTransport.createLinkedPair()
  const server = session.createServer()
  await server.connect(there)
  const agent = new McpClient({ name: 'test-agent', version: '1' })
  await agent.connect(here)
  cleanups.push(async () => {
    await agent.close()
    await session[Symbol.asyncDispose]()
  })
  const call: World['call'] = async (tool, parameters = {}) => {
    const result = (await agent.callTool({ name: tool, arguments: parameters })) as CallToolResult
    return { ...result, text: result.content.map((block) => (block.type === 'text' ? block.text : '')).join('') }
  }
  return {
    host,
    agent,
    problems,
    starts,
    call,
    goAway: () => {
      away = true
      node.abort()
    },
    comeBack: () => {
      away = false
      node = new AbortController()
    },
  }
}

describe('the MCP server', () => {
  it('lists the established tools with their established parameters', async () => {
    const { agent } = await setup()
    const { tools } = await agent.listTools()
    const named = Object.fromEntries(tools.map((tool) => [tool.name, { properties: Object.keys(tool.inputSchema.properties ?? {}), required: tool.inputSchema.required ?? [] }]))
    const established: Readonly<Record<string, readonly [required: readonly string[], optional: readonly string[]]>> = {
      send_message: [['to', 'message'], ['priority', 'reply_to', 'idempotency_key']],
      list_peers: [[], []],
      message_status: [['id'], []],
      check_messages: [[], []],
      set_summary: [['summary'], []],
      set_status: [['status'], []],
      set_state: [['key', 'value'], []],
      get_state: [['key'], []],
      list_state: [[], []],
      delete_state: [['key'], []],
      remember: [['content'], ['tags']],
      recall: [['query'], []],
      forget: [['id'], []],
      create_document: [['title'], []],
      list_documents: [[], []],
      read_document: [['document'], []],
      append_document: [['document', 'text'], []],
      export_document: [['document'], []],
      share_file: [['path'], ['name', 'tags', 'to']],
      get_file: [['id'], ['save_to']],
      list_files: [[], ['query', 'from']],
      file_status: [['id'], []],
      delete_file: [['id'], []],
      grant_file_access: [['fileId', 'to'], []],
      mesh_info: [[], []],
      mesh_stats: [[], []],
      explain_path: [['peer'], []],
      ping_mesh: [[], ['priorities']],
      audit_query: [[], ['by', 'what', 'since', 'after', 'limit']],
      audit_verify: [[], []],
    }
    expect(Object.keys(named).toSorted()).toEqual(Object.keys(established).toSorted())
    for (const [tool, [required, optional]] of Object.entries(established)) {
      expect({ tool, ...named[tool] }).toEqual({ tool, required, properties: expect.arrayContaining([...required, ...optional, 'mesh_slug']) as string[] })
    }
  })

  it('keeps descriptions short and marks the handful that must be at hand', async () => {
    const { agent } = await setup()
    const { tools } = await agent.listTools()
    expect(tools.filter((tool) => (tool.description ?? '').length > 300)).toEqual([])
    expect(tools.filter((tool) => tool._meta?.['anthropic/alwaysLoad'] === true).map((tool) => tool.name).toSorted()).toEqual(['check_messages', 'list_peers', 'recall', 'send_message', 'set_status'])
    expect(JSON.stringify(tools).length).toBeLessThan(30_000)
    expect(agent.getInstructions()).toBe(instructions)
    expect(new TextEncoder().encode(instructions).length).toBeLessThanOrEqual(2048)
    expect(instructions).toContain('data')
  })

  it('answers every tool with text and with what its output schema says', async () => {
    const { call, host } = await setup()
    await call('set_summary', { summary: 'testing' })
    await call('set_status', { status: 'working' })
    await call('set_state', { key: 'k', value: { a: [1] } })
    expect((await call('get_state', { key: 'k' })).structuredContent).toMatchObject({ value: { a: [1] }, by: 'alex' })
    expect((await call('list_state')).text).toContain('k | {"a":[1]} | alex')
    const { id } = (await call('remember', { content: 'Deploys happen on Mondays', tags: ['deploy'] })).structuredContent as { id: string }
    expect((await call('recall', { query: 'deploys' })).text).toContain('| Deploys happen on Mondays')
    await call('forget', { id })
    expect((await call('recall', { query: 'deploys' })).text).toBe('No note matches.')
    const sent = (await call('send_message', { to: ['alex'], message: 'hello\nworld', priority: 'now' })).structuredContent as { id: string }
    expect((await call('message_status', { id: sent.id })).text).toContain('alex')
    expect((await call('check_messages')).text).toMatch(/Message "msg\d+" from "thing" \(member "alex"\) in mesh "crew", priority now[\s\S]*\| hello\n\| world\n/)
    expect((await call('check_messages')).text).toBe('No messages.')
    expect((await call('list_peers')).text).toContain('thing | alex | working | test-agent | test | /work/thing | testing')
    for (const tool of ['mesh_info', 'mesh_stats', 'ping_mesh', 'audit_query', 'audit_verify']) expect(await call(tool)).not.toHaveProperty('isError', true)
    expect((await call('explain_path', { peer: 'bob' })).text).toContain('failed')
    await call('delete_state', { key: 'k' })
    expect(host.sessions()).toHaveLength(1)
  })

  it('H1 answers errors as results with a code and what to do', async () => {
    const { call } = await setup()
    expect(await call('get_state', { key: 'none' })).toMatchObject({ isError: true, text: 'key_unknown: No value is stored under none. `atoll state list` shows what is.', _meta: { 'atoll/error': { code: 'key_unknown', retry: false } } })
    for (const [tool, parameters, says] of [
      ['get_state', {}, 'key is missing'],
      ['get_state', { key: 1 }, 'key'],
      ['set_state', { key: 'k' }, 'value'],
      ['send_message', { to: [], message: 'x' }, 'to'],
      ['send_message', { to: 'alex', message: '' }, 'is empty'],
      ['set_status', { status: 'asleep' }, 'status'],
      ['recall', { query: 'x', limt: 3 }, 'no parameter limt'],
      ['check_messages', { wait: true }, 'wait'],
      ['list_peers', { mesh_slug: 7 }, 'mesh_slug'],
    ] as const) {
      const result = await call(tool, parameters)
      expect({ tool, ...result }).toMatchObject({ tool, isError: true, text: expect.stringContaining(says) as string })
      expect(result.text).toMatch(/^bad_input: /)
    }
    expect((await call('list_peers', { mesh_slug: 'other' })).text).toMatch(/^mesh_unknown: /)
    expect((await call('no_such_tool')).text).toMatch(/^unknown_operation: /)
  })

  it('picks the mesh by mesh_slug', async () => {
    const { call } = await setup({ meshes: ['one', 'two'] })
    expect((await call('mesh_info')).text).toMatch(/^mesh_ambiguous: .*one, two/)
    expect((await call('mesh_info', { mesh_slug: 'two' })).structuredContent).toMatchObject({ name: 'two' })
  })

  it('comes back when the node does, as the same session; a call starts one that is gone', async () => {
    const world = await setup()
    await world.call('list_peers')
    world.goAway()
    await expect.poll(() => world.problems).toEqual([expect.stringContaining('none is running') as string])
    expect(world.host.sessions()).toHaveLength(0)
    world.comeBack()
    await expect.poll(() => world.host.sessions()).toMatchObject([{ session: 's1' }])
    world.goAway()
    await expect.poll(() => world.problems.length).toBe(2)
    expect((await world.call('list_peers')).isError).not.toBe(true)
    expect(world.starts.filter(Boolean).length).toBe(2)
  })

  it('tells progress to who asked for it, and cancels with the request', async () => {
    const { agent } = await setup()
    const heard: unknown[] = []
    await agent.callTool({ name: 'audit_verify', arguments: {} }, { onprogress: (progress) => heard.push(progress) })
    expect(heard).toMatchObject([{ message: 'verifying entries' }])
    const abort = new AbortController()
    const waiting = agent.callTool({ name: 'check_messages', arguments: { wait_seconds: 600 } }, { signal: abort.signal })
    abort.abort()
    await expect(waiting).rejects.toThrow('abort')
  })

  it.each([
    [true, 1],
    [false, 0],
  ])('pushes messages over the channel only where that is switched on: %s', async (channel, count) => {
    const { agent, host, call } = await setup({ channel })
    const pushed: { readonly method: string; readonly params?: object | undefined }[] = []
    agent.fallbackNotificationHandler = async (notification) => void pushed.push(notification)
    expect(agent.getServerCapabilities()?.experimental).toEqual(channel ? { 'claude/channel': {} } : undefined)
    await call('list_peers')
    // A second answered call shows that the watch, which was asked for first, stands.
    await call('list_peers')
    host.meshes.values().next().value?.deliver({ from: 'bob', text: 'ship it', priority: 'now' })
    await call('list_peers')
    await expect.poll(() => pushed.length).toBe(count)
    for (const one of pushed) expect(one).toMatchObject({ method: 'notifications/claude/channel', params: { content: expect.stringContaining('| ship it') as string, meta: { from: 'bob', mesh: 'crew', priority: 'now' } } })
  })
})
