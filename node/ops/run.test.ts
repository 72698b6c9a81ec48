import * as z from 'zod'
import { describe, expect, it } from 'vitest'
import { AtollError, type ErrorCode } from '../ports/errors.ts'
import { MemoryPeer } from '../../test/doubles/memory-peer.ts'
import { defineOp } from './define.ts'
import { findOperation, operations } from './index.ts'
import { runOp, type OpCall } from './run.ts'
import type { Operation } from './define.ts'

const call = (more: Partial<OpCall> = {}): OpCall => ({ signal: new AbortController().signal, ...more })

function setup() {
  const host = new MemoryPeer({ now: () => 1000 })
  const run = (name: string, input: unknown, more?: Partial<OpCall>) => runOp(findOperation(name) as Operation, host, input, call(more))
  return { host, run }
}

const refused = async (code: ErrorCode, work: Promise<unknown>): Promise<AtollError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AtollError)
  expect(error).toMatchObject({ code })
  return error as AtollError
}

const probe = (handler: (...args: never[]) => Promise<unknown>, errors: ErrorCode[] = []) =>
  defineOp({
    name: 'probe.run',
    doc: 'A probe.',
    permission: 'node.read',
    positional: [],
    input: z.strictObject({ n: z.number().default(1) }),
    output: z.object({ n: z.number() }),
    needs: ['node', 'config'],
    errors,
    example: 'atoll probe',
    handler: handler as never,
    show: () => [],
  }) as unknown as Operation

describe('runOp', () => {
  it('K4: a node that runs by a token does what its scopes name, and tells about itself', async () => {
    const { host, run } = setup()
    host.join('crew', 'ci', 'service', [])
    host.scopes = ['state.read']
    expect(await run('state.list', {})).toMatchObject({ values: [] })
    expect(await run('mesh.info', {})).toMatchObject({ name: 'crew' })
    expect(await run('node.status', {})).toMatchObject({ token: null })
    for (const [name, input] of [['state.set', { key: 'k', value: 1 }], ['memory.recall', { query: 'x' }], ['message.inbox', {}], ['mesh.create', { name: 'mine' }], ['mesh.leave', {}], ['config.set', { key: 'network', value: 'off' }]] as const) {
      expect((await refused('token_scope', run(name, input))).message).toContain('is for state.read')
    }
  })

  it('runs a whole round: what is set is read back', async () => {
    const { run } = setup()
    await run('mesh.create', { name: 'crew' })
    await run('state.set', { key: 'a', value: { deep: [1, null, 'x'] } })
    expect(await run('state.get', { key: 'a' })).toEqual({ key: 'a', value: { deep: [1, null, 'x'] }, by: 'me', at: 1000, concurrent: [] })
  })

  it('H1 says which parameter is wrong, missing or unknown', async () => {
    const { run } = setup()
    expect((await refused('bad_input', run('state.get', {}))).message).toBe('key is missing.')
    expect((await refused('bad_input', run('state.get', { key: 'a', kee: 'b' }))).message).toContain('no parameter kee')
    expect((await refused('bad_input', run('state.list', { limit: 'many' }))).message).toMatch(/^limit: /)
    expect((await refused('bad_input', run('state.set', { key: 'a' }))).message).toContain('a JSON value is needed')
  })

  it('T8 refuses values and names over their limit with what the limit is', async () => {
    const { run } = setup()
    await run('mesh.create', { name: 'crew' })
    expect((await refused('value_too_large', run('state.set', { key: 'k', value: 'x'.repeat(128 * 1024) }))).message).toContain('at most 131072')
    await run('state.set', { key: 'k', value: 'x'.repeat(128 * 1024 - 2) })
    await refused('value_too_large', run('state.set', { key: 'k'.repeat(513), value: 1 }))
    await run('state.set', { key: 'k'.repeat(512), value: 1 })
    const long = await refused('name_invalid', run('mesh.create', { name: 'n'.repeat(10_000_000) }))
    expect(long.message.length).toBeLessThan(300)
    await refused('name_invalid', run('mesh.create', { name: '  ' }))
    await refused('name_invalid', run('mesh.create', { name: 'a\nb' }))
    await run('mesh.create', { name: 'мир 世界 🏝️' })
  })

  it('permits by role: a guest reads and does not write, one who was removed reads on', async () => {
    const { host, run } = setup()
    await run('mesh.create', { name: 'crew' })
    await run('state.set', { key: 'a', value: 1 })
    host.role = 'guest'
    await run('state.get', { key: 'a' })
    expect((await refused('not_permitted', run('state.set', { key: 'a', value: 2 }))).message).toBe('Your role here is guest; state.set needs owner, admin, member or service.')
    host.exceptions = { 'state.write': 'allow', 'memory.write': 'deny' }
    await run('state.set', { key: 'a', value: 2 })
    expect((await refused('denied', run('memory.remember', { content: 'x' }))).message).toContain('denied you memory.write')
    host.exceptions = {}
    host.role = 'removed'
    await run('state.get', { key: 'a' })
    expect((await refused('removed', run('memory.remember', { content: 'x' }))).message).toContain('1970-01-01')
  })

  it('chooses the mesh by the caller and says so when there is none, or several', async () => {
    const { run } = setup()
    await refused('mesh_none', run('state.list', {}))
    await run('mesh.create', { name: 'one' })
    await run('mesh.create', { name: 'two' })
    expect((await refused('mesh_ambiguous', run('state.list', {}))).message).toContain('one, two')
    await run('state.list', {}, { mesh: 'two' })
    await refused('mesh_unknown', run('state.list', {}, { mesh: 'three' }))
    await run('mesh.use', { name: 'one' })
    await run('state.list', {})
  })

  it('gives the handler exactly the services it declared', async () => {
    const { host } = setup()
    let got: string[] = []
    const narrowed = probe(async (services: object) => {
      got = Object.keys(services)
      return { n: 1 }
    })
    // The memory peer has no settings: asking for them throws, so only what is needed is touched.
    await refused('internal', runOp(narrowed, host, {}, call()))
    await runOp({ ...narrowed, needs: ['node', 'sessions'] }, host, {}, call())
    expect(got).toEqual(['node', 'sessions'])
  })

  it('turns a code that is not declared into internal, and lets a declared one through', async () => {
    const host = new MemoryPeer({ config: { list: async () => [] } as never })
    const fails = async () => {
      throw new AtollError('note_unknown', { id: '1' })
    }
    expect((await refused('internal', runOp(probe(fails), host, {}, call()))).message).toContain('note_unknown')
    await refused('note_unknown', runOp(probe(fails, ['note_unknown']), host, {}, call()))
  })

  it('checks the answer', async () => {
    const host = new MemoryPeer({ config: { list: async () => [] } as never })
    expect((await refused('internal', runOp(probe(async () => ({ n: 'one' })), host, {}, call()))).message).toContain('answered out of shape')
    expect(await runOp(probe(async () => ({ n: 1, more: 2 })), host, {}, call())).toEqual({ n: 1 })
  })

  it('counts every call, with how it ended and how long that took; what goes on is begun and not ended', async () => {
    let now = 0
    const host = new MemoryPeer({ now: () => (now += 250) })
    const run = (name: string, input: unknown, signal = new AbortController().signal) => runOp(findOperation(name) as Operation, host, input, { signal })
    const counted = (): Record<string, number> => Object.fromEntries(host.meter.families().flatMap(({ name, samples }) => samples.map(({ labels, value, part }) => [[name.replace('atoll_operation_', ''), part, labels['operation'], labels['code']].filter((text) => text !== undefined).join(' '), value])))
    await run('mesh.list', {})
    for (const input of [{}, { key: 'none' }]) await run('state.get', input).catch(() => undefined)
    const abort = new AbortController()
    await run('mesh.create', { name: 'crew' })
    const watching = run('state.watch', {}, abort.signal)
    expect(counted()).toMatchObject({ 'calls_total mesh.list': 1, 'duration_seconds count mesh.list': 1, 'duration_seconds sum mesh.list': 0.25, 'calls_total state.get': 2, 'duration_seconds count state.get': 2, 'failures_total state.get bad_input': 1, 'failures_total state.get mesh_none': 1, 'calls_total state.watch': 1, 'duration_seconds count state.watch': 0 })
    expect(Object.keys(counted()).filter((key) => key.startsWith('failures_total'))).toHaveLength(2)
    abort.abort()
    await refused('cancelled', watching)
    expect(counted()).toMatchObject({ 'duration_seconds count state.watch': 1, 'failures_total state.watch cancelled': 1 })
  })

  it('is cancelled by its signal, before and while it runs', async () => {
    const { run } = setup()
    await run('mesh.create', { name: 'crew' })
    const abort = new AbortController()
    const watching = run('state.watch', {}, { signal: abort.signal })
    abort.abort()
    await refused('cancelled', watching)
    await refused('cancelled', run('state.watch', {}, { signal: abort.signal }))
  })

  it('streams events in the declared shape', async () => {
    const { run } = setup()
    await run('mesh.create', { name: 'crew' })
    const abort = new AbortController()
    const events: unknown[] = []
    const ready = Promise.withResolvers<void>()
    const watching = run('state.watch', { prefix: 'b/' }, { signal: abort.signal, emit: (event) => events.push(event), progress: () => ready.resolve() })
    await ready.promise
    await run('state.set', { key: 'a', value: 1 })
    await run('state.set', { key: 'b/x', value: 2 })
    abort.abort()
    await refused('cancelled', watching)
    expect(events).toEqual([{ key: 'b/x', old: null, value: 2, deleted: false, by: 'me', at: 1000 }])
  })
})

describe('the declarations', () => {
  const all = operations as readonly Operation[]

  it('have unique names, commands and tools, and short docs', () => {
    for (const pick of [(one: Operation) => one.name, (one: Operation) => one.cli?.command, (one: Operation) => one.mcp?.tool]) {
      const names = all.map(pick).filter((name) => name !== undefined)
      expect(new Set(names).size).toBe(names.length)
    }
    for (const operation of all) {
      const { name, doc, mcp, example, positional, input } = operation
      expect({ name, long: doc.length > 300 || (mcp?.doc ?? '').length > 300, example }).toEqual({ name, long: false, example: expect.stringMatching(/^atoll /) as string })
      expect({ name, unknown: (positional as readonly string[]).filter((place) => !(place in input.shape)) }).toEqual({ name, unknown: [] })
    }
  })

  it('describe every parameter', () => {
    for (const operation of all) {
      const schema = z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' }) as { properties?: Record<string, { description?: string }> }
      for (const [name, property] of Object.entries(schema.properties ?? {})) expect({ operation: operation.name, name, ...property }).toHaveProperty('description')
    }
  })
})
