import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openMemoryPeer } from '../../test/doubles/memory-peer.ts'
import { TemporaryHome } from '../../test/doubles/temporary-home.ts'
import { AtollError } from '../ports/errors.ts'
import type { Services, SessionHello } from '../ports/services.ts'
import { connectNode } from './connect-node.ts'
import { isProfileLocked } from './lock.ts'
import type { OpenPeerFunction } from './open-peer.ts'
import { openOwnNode } from './own-node.ts'
import { runNode, type Ready, type RunNodeOptions } from './run-node.ts'

const hello: SessionHello = { session: 's1', kind: 'mcp', directory: '/work/x' }
let home = new TemporaryHome()
beforeEach(() => {
  home = new TemporaryHome()
})
afterEach(() => home[Symbol.asyncDispose]())

const start = async (more: Partial<RunNodeOptions> = {}) => {
  const stop = new AbortController()
  const ready = Promise.withResolvers<Ready>()
  const ended = runNode({ home: home.path, env: {}, version: '0.1.0', logTo: 'file', openPeer: openMemoryPeer, signal: stop.signal, ready: ready.resolve, ...more })
  const node = await Promise.race([ready.promise, ended.then(() => Promise.reject(new Error('ended before it was ready')))])
  return { stop, ended, node }
}
const attach = (signal = new AbortController().signal) => connectNode({ home: home.path, env: {}, version: '0.1.0', hello, signal, program: null })

describe('a running node', () => {
  it('serves its socket, for its owner only, until the signal fires', async () => {
    const { stop, ended, node } = await start()
    expect(node.socket).toBe(join(home.path, 'node.sock'))
    expect(statSync(node.socket).mode & 0o777).toBe(0o600)
    const client = await attach()
    expect(await client.node.status()).toMatchObject({ version: '0.1.0', socket: node.socket, home: home.path, sessions: 1 })
    stop.abort()
    expect(await ended).toBe(true)
    await client.closed
    expect(existsSync(node.socket)).toBe(false)
    expect(isProfileLocked(home.path)).toBe(false)
  })

  it('stops when a surface asks, after it has answered', async () => {
    const { ended } = await start()
    const client = await attach()
    expect(await client.node.stop()).toEqual({})
    expect(await ended).toBe(true)
  })

  it('hands the peer the settings of the profile', async () => {
    const { stop, ended } = await start({ env: { ATOLL_NAME: 'alex' }, flags: { log_level: 'debug' } })
    const client = await attach()
    expect(await client.config.get({ key: 'name' })).toMatchObject({ value: 'alex', source: 'environment' })
    expect(await client.config.get({ key: 'log_level' })).toMatchObject({ value: 'debug', source: 'flag' })
    stop.abort()
    await ended
  })

  it('is alone on its profile: the second is told so and disturbs nothing', async () => {
    const { stop, ended } = await start()
    await expect(start()).rejects.toMatchObject({ code: 'node_running', details: { pid: String(process.pid) } })
    await (await attach())[Symbol.asyncDispose]()
    stop.abort()
    await ended
  })

  it('takes over where a killed one left its socket behind', async () => {
    writeFileSync(join(home.path, 'node.sock'), '')
    const { stop, ended } = await start()
    await (await attach())[Symbol.asyncDispose]()
    stop.abort()
    await ended
  })

  it('lets go of the profile when the peer cannot be opened', async () => {
    const fails: OpenPeerFunction = async () => {
      throw new AtollError('storage_corrupt', { path: 'x', why: 'y' })
    }
    await expect(start({ openPeer: fails })).rejects.toMatchObject({ code: 'storage_corrupt' })
    expect(isProfileLocked(home.path)).toBe(false)
  })

  it('has ended by its deadline, though the peer does not close and a call does not end', async () => {
    const stuck: OpenPeerFunction = async (options) => {
      const peer = await openMemoryPeer(options)
      const services = peer.host.services.bind(peer.host)
      peer.host.services = (caller) => Object.create(services(caller), { node: { value: { status: () => new Promise(() => {}) } } }) as Services
      return { ...peer, [Symbol.asyncDispose]: () => new Promise<void>(() => {}) }
    }
    const { stop, ended } = await start({ openPeer: stuck, stopWithinMs: 300 })
    const client = await attach()
    const waiting = client.node.status().catch((error: AtollError) => error.code)
    // One answered call shows that the other has arrived.
    await client.config.list()
    const began = performance.now()
    stop.abort()
    expect(await ended).toBe(false)
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(await waiting).toBe('node_unreachable')
    // The peer still holds the profile: in a process of its own the exit would free it.
    home = new TemporaryHome()
  })
})

describe('a node inside a command', () => {
  it('answers like one outside, holds the profile meanwhile and frees it', async () => {
    const signal = new AbortController().signal
    const client = await openOwnNode({ home: home.path, env: {}, version: '0.1.0', logTo: 'file', openPeer: openMemoryPeer, hello, signal })
    await client.mesh.create({ name: 'crew' })
    expect((await client.mesh.list()).meshes).toMatchObject([{ name: 'crew' }])
    expect(isProfileLocked(home.path)).toBe(true)
    expect(existsSync(join(home.path, 'node.sock'))).toBe(false)
    await client[Symbol.asyncDispose]()
    expect(isProfileLocked(home.path)).toBe(false)
  })
})
