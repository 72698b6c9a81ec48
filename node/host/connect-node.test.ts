import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openMemoryPeer } from '../../test/doubles/memory-peer.ts'
import { TemporaryHome } from '../../test/doubles/temporary-home.ts'
import { version } from '../../cli/version.ts'
import { connectNode, type ConnectOptions } from './connect-node.ts'
import { runNode } from './run-node.ts'

const program = join(import.meta.dirname, '../../test/doubles/memory-atoll.ts')
let home = new TemporaryHome()
beforeEach(() => {
  home = new TemporaryHome()
})
afterEach(() => home[Symbol.asyncDispose]())

const attach = (more: Partial<ConnectOptions> = {}) =>
  connectNode({ home: home.path, env: process.env, version, hello: { session: `s${Math.round(performance.now() * 1000)}`, kind: 'client' }, signal: new AbortController().signal, program, ...more })

const inProcess = async (runs: string) => {
  const stop = new AbortController()
  const ready = Promise.withResolvers<unknown>()
  const ended = runNode({ home: home.path, env: {}, version: runs, logTo: 'file', openPeer: openMemoryPeer, signal: stop.signal, ready: ready.resolve })
  await Promise.race([ready.promise, ended])
  return { stop, ended }
}

describe('attaching to the node of a profile', () => {
  it('H1 says that none runs, where none may be started', async () => {
    await expect(attach({ program: null })).rejects.toMatchObject({ code: 'node_unreachable', message: expect.stringContaining('none is running') as string })
  })

  it('starts one in the background, once, however many ask at the same time', async () => {
    const clients = await Promise.all([attach(), attach(), attach()])
    const pids = await Promise.all(clients.map(async (client) => (await client.node.status()).pid))
    expect(new Set(pids).size).toBe(1)
    expect(pids[0]).not.toBe(process.pid)
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))
    const again = await attach({ program: null })
    expect((await again.node.status()).pid).toBe(pids[0])
    await again[Symbol.asyncDispose]()
  }, 60_000)

  it('H1 tells why a node could not start, in the words of that node', async () => {
    writeFileSync(join(home.path, 'config.json'), '{"network":"perhaps"}')
    await expect(attach()).rejects.toMatchObject({ code: 'bad_input', message: expect.stringContaining('it must be on or off') as string })
  }, 60_000)

  it('H1 says where to look when it died without a word', async () => {
    const mute = join(home.path, 'mute.mjs')
    writeFileSync(mute, 'console.error("no luck"); process.exit(3)')
    await expect(attach({ program: mute })).rejects.toMatchObject({ code: 'node_unreachable', message: expect.stringContaining('atoll logs') as string })
    expect(readFileSync(join(home.path, 'node.log'), 'utf8')).toContain('no luck')
  }, 60_000)

  it('replaces an older node, cleanly', async () => {
    const old = await inProcess('0.0.9')
    const client = await attach()
    expect(await old.ended).toBe(true)
    expect(client.version).toBe(version)
    await client[Symbol.asyncDispose]()
  }, 60_000)

  it('uses a newer node, and an older one where none may be started', async () => {
    const newer = await inProcess('99.0.0')
    const client = await attach()
    expect(client.version).toBe('99.0.0')
    await client[Symbol.asyncDispose]()
    const ancient = await attach({ version: '100.0.0', program: null })
    expect(ancient.version).toBe('99.0.0')
    await ancient[Symbol.asyncDispose]()
    newer.stop.abort()
    await newer.ended
  })

  it('gives up when its signal fires, also on a node that does not answer', async () => {
    const accepted = Promise.withResolvers<void>()
    const server = createServer(() => accepted.resolve())
    await new Promise<void>((resolve) => server.listen(join(home.path, 'node.sock'), resolve))
    const abort = new AbortController()
    const attaching = attach({ signal: abort.signal })
    await accepted.promise
    abort.abort()
    await expect(attaching).rejects.toMatchObject({ code: 'cancelled' })
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })

  it('refuses a profile that others may enter', async () => {
    const node = await inProcess(version)
    chmodSync(home.path, 0o755)
    await expect(attach()).rejects.toMatchObject({ code: 'profile_modes' })
    chmodSync(home.path, 0o700)
    node.stop.abort()
    await node.ended
  })
})
