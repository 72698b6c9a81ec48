/** A machine without a person, with real processes: all it is given is one word in its environment. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAccessToken } from '../../crdt/members/access-token.ts'
import { toHex } from '../../crdt/wire/ids.ts'
import { runAtoll, type Finished } from '../doubles/run-atoll.ts'
import { built, World, type Person } from './world.ts'

/** Every file below a folder, as it lies there. */
function filesBelow(folder: string): readonly Buffer[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).filter((one) => one.isFile()).map((one) => readFileSync(join(one.parentPath, one.name)))
}

const namesOf = async (seenBy: Person): Promise<string[]> => ((await seenBy.does('member', 'list'))['members'] as { name: string; status: string }[]).map(({ name, status }) => `${name} ${status}`).toSorted()

describe('a token', () => {
  it('K1 K2 K3 K4: in the environment is all that a run needs, from an empty profile each time; nothing of it is on disk or said; it is bound by its scopes, and ends when it is revoked', async () => {
    await using world = new World()
    const relay = await world.relay()
    const alice = await world.node('alice')
    await alice.does('create', 'reef', '--as', 'alice', '--relay', relay.address)
    await alice.does('state', 'set', 'config', '"ready"')
    expect(await alice.fails('token', 'create', 'ci', '--scope', 'node.stop')).toMatchObject({ code: 'bad_input' })
    const made = await alice.does('token', 'create', 'ci', '--scope', 'state.read', '--scope', 'state.write', '--expires', '1d')
    const word = made['token'] as string
    expect(made['enforced']).toEqual(['memory.write', 'document.write', 'file.write', 'message.send'])
    const parsed = parseAccessToken(word)
    if (!parsed.ok) throw new Error('no token')
    const said: Finished[] = []
    const homes: string[] = []
    const run = async (home: string, ...args: string[]): Promise<Finished> => {
      if (!homes.includes(home)) homes.push(home)
      mkdirSync(home, { recursive: true, mode: 0o700 })
      const finished = await runAtoll(built.program, home, [...args, '--json'], { env: { ATOLL_TOKEN: word, ATOLL_LISTEN: '' } })
      said.push(finished)
      return finished
    }

    // A node inside the command, and one in the background that commands share.
    const first = join(world.root, 'run-1')
    const got = await run(first, 'state', 'get', 'config', '--own-node')
    expect(got.json()).toMatchObject({ ok: true, value: 'ready' })
    expect(readdirSync(join(first, 'meshes'))).toEqual([])
    expect(existsSync(join(first, 'device.key')), 'the device is no more').toBe(false)
    expect((await run(first, 'state', 'set', 'built', '1', '--own-node')).json()).toMatchObject({ ok: true })
    const second = join(world.root, 'run-2')
    expect((await run(second, 'state', 'get', 'built')).json()).toMatchObject({ value: 1, by: 'ci' })
    expect((await run(second, 'remember', 'no')).json()).toMatchObject({ ok: false, error: { code: 'token_scope' } })
    expect((await run(second, 'invite')).json()).toMatchObject({ error: { code: 'token_scope' } })
    expect((await run(second, 'state', 'set', 'built', '2')).json()).toMatchObject({ ok: true })
    expect((await alice.does('token', 'list'))['tokens']).toMatchObject([{ name: 'ci', status: 'open', devices: 1, by: 'alice' }])
    // What lies there while it runs.
    const secrets = [word, word.slice(-60), toHex(parsed.token.seed)]
    const leaks = (): boolean[] => homes.flatMap(filesBelow).map((bytes) => secrets.some((secret) => bytes.includes(secret)) || bytes.includes(Buffer.from(parsed.token.seed)))
    expect(leaks().filter(Boolean)).toEqual([])
    expect((await run(second, 'down')).status).toBe(0)
    await alice.inSync(0)
    expect(await alice.does('state', 'get', 'built')).toMatchObject({ value: 2, by: 'ci' })
    expect((await alice.does('token', 'list'))['tokens']).toMatchObject([{ devices: 0 }])
    expect(await namesOf(alice)).toEqual(['alice active', 'ci active'])

    // Not on a person's profile, and not by a node that runs there.
    expect((await run(alice.home, 'state', 'set', 'k', '1')).json()).toMatchObject({ error: { code: 'token_profile' } })
    await alice.down()
    expect((await run(alice.home, 'list', '--own-node')).json()).toMatchObject({ error: { code: 'token_profile' } })
    await alice.up()
    await alice.does('token', 'revoke', 'ci')
    expect((await run(join(world.root, 'run-3'), 'state', 'get', 'built', '--own-node')).json()).toMatchObject({ error: { code: 'token_revoked' } })
    const garbled = await runAtoll(built.program, world.folder('run-4'), ['list', '--own-node', '--json'], { env: { ATOLL_TOKEN: `${word}x` } })
    said.push(garbled)
    expect([garbled.status, garbled.json()]).toMatchObject([2, { error: { code: 'token_malformed' } }])
    homes.splice(homes.indexOf(alice.home), 1)
    expect(leaks().filter(Boolean)).toEqual([])
    for (const { stdout, stderr } of said) for (const secret of secrets) expect(`${stdout}${stderr}`.includes(secret)).toBe(false)
    expect(filesBelow(alice.home).some((bytes) => secrets.some((secret) => bytes.includes(secret)))).toBe(false)
  })
})
