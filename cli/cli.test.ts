/** The real command line as a process, bundled from these sources, with its node in the background over the real socket; the peer under it is in memory. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isProfileLocked } from '../node/host/lock.ts'
import { bundleMemoryAtoll, type BundledProgram } from '../test/doubles/bundle-memory-atoll.ts'
import { runAtoll, startAtoll, type RunOptions } from '../test/doubles/run-atoll.ts'
import { TemporaryHome } from '../test/doubles/temporary-home.ts'
import { version } from './version.ts'

const anyText = expect.any(String) as string
const anyNumber = expect.any(Number) as number
const anyBoolean = expect.any(Boolean) as boolean
const anyList = expect.any(Array) as readonly unknown[]

describe('atoll', () => {
  const home = new TemporaryHome()
  let program: BundledProgram
  const run = (at: string, args: readonly string[], options: RunOptions = {}) => runAtoll(program.path, at, args, options)
  const atoll = (args: string, options: RunOptions = {}) => run(home.path, args.split(' '), options)
  const json = async (args: string, options: RunOptions = {}) => (await atoll(`${args} --json`, options)).json()

  beforeAll(async () => {
    program = await bundleMemoryAtoll()
  }, 60_000)
  afterAll(async () => {
    await home[Symbol.asyncDispose]()
    program[Symbol.dispose]()
  }, 30_000)

  it('starts the node with the first command on a fresh profile', async () => {
    expect(await json('create crew --as alex')).toMatchObject({ schema_version: '1.0', ok: true, mesh: 'mesh1', member: 'member-me', member_name: 'alex' })
  }, 60_000)

  it('stores JSON where it parses, else text, and reads it back with who and when', async () => {
    await atoll('state set n 42')
    await atoll('state set text forty-two')
    await atoll('state set minus -5')
    expect(await json('state get n')).toMatchObject({ ok: true, value: 42, by: 'alex', at: anyNumber })
    expect(await json('state get text')).toMatchObject({ value: 'forty-two' })
    expect(await json('state get minus')).toMatchObject({ value: -5 })
    await atoll('state set piped -', { stdin: '{"from":"stdin"}\n' })
    expect((await atoll('state get piped')).stdout).toBe('{\n  "from": "stdin"\n}\nby alex now\n')
  })

  it('H1 fails with the documented status and one document', async () => {
    const missing = await atoll('state get nothing --json')
    expect(missing.status).toBe(3)
    expect(missing.json()).toEqual({ schema_version: '1.0', ok: false, error: { code: 'key_unknown', message: 'No value is stored under nothing. `atoll state list` shows what is.' } })
    expect(missing.stderr).toBe('')
    const human = await atoll('state get nothing')
    expect(human).toMatchObject({ status: 3, stdout: '', stderr: 'atoll: No value is stored under nothing. `atoll state list` shows what is.\n' })
    for (const [args, status, says] of [
      ['state get', 2, 'KEY is missing. Usage: atoll state get KEY'],
      ['state get a b', 2, 'Too many arguments'],
      ['state list --limit many', 2, '--limit must be a number'],
      ['state list --limt 3', 2, 'Did you mean --limit?'],
      ['peesr', 2, 'Did you mean `atoll peers`?'],
      ['state gte x', 2, 'Did you mean `atoll state get`?'],
      ['member', 2, 'atoll member list'],
      ['leave', 2, '--yes'],
      ['explain path nobody', 3, 'No peer called nobody'],
      ['--mesh other state list', 3, 'No mesh called other'],
      ['invite --expires soon', 2, 'a time span is'],
    ] as const) {
      const result = await atoll(args)
      expect({ args, ...result }).toMatchObject({ args, status, stderr: expect.stringContaining(says) as string })
    }
  }, 60_000)

  it('invites, and joins by a link from standard input', async () => {
    const invite = await json('invite --uses 3 --expires 2d --role guest')
    expect(invite).toMatchObject({ link: expect.stringMatching(/^atoll:/) as string, role: 'guest', uses: 3 })
    expect((await atoll('invite')).stdout).toMatch(/^atoll:\S+\n$/)
    expect((await json('invite list')).invites).toHaveLength(2)
    expect((await atoll(`invite revoke ${String(invite.id)}`)).status).toBe(0)
    expect(await json('join - --name bea', { stdin: 'atoll:second\n' })).toMatchObject({ mesh: anyText, member_name: 'bea' })
    expect(await json('join nonsense')).toMatchObject({ ok: false, error: { code: 'link_malformed' } })
    expect((await atoll('use crew')).status).toBe(0)
  }, 60_000)

  it('makes exceptions for one member, shows the table of permissions, and sets profiles', async () => {
    expect(await json('member deny bob message.send')).toMatchObject({ name: 'bob', permission: 'message.send', before: 'default', choice: 'deny', may: false })
    expect((await atoll('member allow bob state.write')).stdout).toBe('bob is allowed state.write from now on.\n')
    expect((await atoll('member list')).stdout).toContain('-message.send, +state.write')
    const { permissions, exceptions } = (await json('member permissions')) as { permissions: unknown[]; exceptions: unknown[] }
    expect(permissions).toContainEqual({ permission: 'state.write', roles: ['owner', 'admin', 'member', 'service'], excepted: true })
    expect(exceptions).toMatchObject([{ name: 'bob', permission: 'message.send', choice: 'deny' }, { name: 'bob', permission: 'state.write', choice: 'allow' }])
    expect((await json('member permissions bob')).member).toMatchObject({ name: 'bob', role: 'member', holds: expect.not.arrayContaining(['message.send']) as unknown })
    expect((await atoll('member permissions')).stdout).toMatch(/^PERMISSION +OWNER +ADMIN +MEMBER +GUEST/)
    expect((await atoll('member role bob member')).stdout).toContain('Exceptions made for them stay: -message.send, +state.write')
    expect((await atoll('member default bob message.send')).stdout).toContain('left to the role again')
    expect(await atoll('member deny bob member.remove')).toMatchObject({ status: 2 })
    expect(await atoll('member deny nobody state.write')).toMatchObject({ status: 3, stderr: expect.stringContaining('Nobody called nobody') as string })
    expect(await json('profile set title Keeper of the reef')).toMatchObject({ title: 'Keeper of the reef', you: true })
    expect((await atoll('profile')).stdout).toContain('Keeper of the reef')
    expect((await atoll('profile policy title stewards')).stdout).toContain('owners and admins alone from now on.')
    expect(await atoll('profile set shoe 42')).toMatchObject({ status: 2 })
  }, 60_000)

  it('picks the mesh by flag, environment, .atoll file and default, in this order', async () => {
    const folder = join(home.path, 'work', 'deep')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(home.path, 'work', '.atoll'), 'second\n')
    const name = async (args: string, options: RunOptions) => (await json(`info${args}`, options)).name
    expect(await name('', {})).toBe('crew')
    expect(await name('', { cwd: folder })).toBe('second')
    expect(await name('', { cwd: folder, env: { ATOLL_MESH: 'crew' } })).toBe('crew')
    expect(await name(' --mesh second', { env: { ATOLL_MESH: 'crew' } })).toBe('second')
  }, 60_000)

  it('remembers, recalls and forgets', async () => {
    const { id } = await json('remember The staging database is rebuilt on Mondays --tags staging,database')
    const { notes } = (await json('recall staging monday')) as { notes: Record<string, unknown>[] }
    expect(notes).toEqual([{ id, text: 'The staging database is rebuilt on Mondays', tags: ['staging', 'database'], by: 'alex', at: anyNumber, score: anyNumber }])
    await atoll(`forget ${String(id)}`)
    expect((await atoll('recall staging')).stdout).toBe('No note matches.\n')
  })

  it('sends, waits for and shows messages', async () => {
    const waiting = startAtoll(program.path, home.path, ['inbox', '--wait', '--json'])
    const { id, recipients } = await json('send alex hello there')
    expect(recipients).toEqual(['alex'])
    const received = (await waiting.finished).json() as { messages: Record<string, unknown>[] }
    expect(received.messages).toMatchObject([{ id, text: 'hello there', from: 'alex', priority: 'next', mesh_name: 'crew' }])
    expect((await json(`message-status ${String(id)}`)).recipients).toMatchObject([{ name: 'alex' }])
    expect((await atoll('inbox')).stdout).toBe('No messages.\n')
  }, 60_000)

  it('T9 shows peers’ text without control characters', async () => {
    await run(home.path, ['send', 'alex', 'a\u001b]0;owned\u0007b\r\nc'])
    const { stdout } = await atoll('inbox')
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(stdout).toContain('a]0;ownedb\nc')
  })

  it('watches, one document to a line, until Ctrl-C, which ends it with 130', async () => {
    const watch = startAtoll(program.path, home.path, ['state', 'watch', 'w/', '--json'])
    await watch.saw('watching', 'stderr')
    await atoll('state set w/a 1')
    await atoll('state set w/b 2')
    await watch.saw('w/b')
    watch.child.kill('SIGINT')
    const { status, stdout } = await watch.finished
    expect(status).toBe(130)
    const lines = stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.slice(0, 2)).toMatchObject([{ ok: true, key: 'w/a', value: 1 }, { ok: true, key: 'w/b', value: 2 }])
    expect(lines[2]).toMatchObject({ ok: false, error: { code: 'cancelled' } })
  }, 60_000)

  it('lists peers with the fields that scripts rely on', async () => {
    const { peers } = (await json('peers')) as { peers: Record<string, unknown>[] }
    for (const peer of peers) expect(peer).toMatchObject({ device: anyText, member: anyText, name: anyText, online: anyBoolean, path: 'none', synced: anyBoolean })
    expect(await json('peer list')).toMatchObject({ peers: peers.map(({ device }) => ({ device })) })
  })

  it('sets and shows settings', async () => {
    expect(await json('config set network off')).toMatchObject({ key: 'network', value: 'off', source: 'file' })
    expect((await atoll('config')).stdout).toMatch(/network +off +file/)
    expect(await json('config unset network')).toMatchObject({ value: 'on', source: 'default' })
    expect((await atoll('config set colour blue')).status).toBe(2)
  }, 60_000)

  it('removes only with --yes where nobody can be asked', async () => {
    expect(await atoll('member remove bob')).toMatchObject({ status: 2, stderr: expect.stringContaining('Repeat the command with --yes') as string })
    expect(await json('member remove bob --yes')).toMatchObject({ name: 'bob', rotated: true })
  })

  it('verifies', async () => {
    expect(await json('audit verify')).toMatchObject({ ok: true, intact: true, problems: [] })
  })

  it('logs can be read, with and without the node', async () => {
    expect((await atoll('logs')).stdout).toContain('ready')
    const following = startAtoll(program.path, home.path, ['logs', '-f'])
    await following.saw('ready')
    appendFileSync(join(home.path, 'node.log'), '{"at":"now","level":"warn","event":"odd\\u001b[2J","n":1}\n')
    expect(await following.saw('odd')).toContain('now warn  odd[2J n=1')
    following.child.kill('SIGINT')
    expect((await following.finished).status).toBe(130)
    for (const line of (await atoll('logs --json --lines 1')).stdout.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('event')
  })

  it('up says what scripts need, is alone, and stops cleanly', async () => {
    const other = new TemporaryHome()
    const up = startAtoll(program.path, other.path, ['up', '--json', '--listen', '127.0.0.1:0'])
    const ready = JSON.parse((await up.saw('\n')).trim()) as Record<string, unknown>
    expect(ready).toEqual({ schema_version: '1.0', ok: true, device: anyText, addresses: anyList, socket: join(other.path, 'node.sock') })
    const second = await run(other.path, ['up', '--json'])
    expect(second).toMatchObject({ status: 6 })
    expect(second.json()).toMatchObject({ ok: false, error: { code: 'node_running' } })
    expect((await run(other.path, ['status', '--json'])).json()).toMatchObject({ ok: true, running: true, device: ready['device'] })
    up.child.kill('SIGTERM')
    expect(await up.finished).toMatchObject({ status: 0, stdout: anyText })
    expect(isProfileLocked(other.path)).toBe(false)
    expect((await run(other.path, ['status', '--json'])).json()).toEqual({ schema_version: '1.0', ok: true, running: false, home: other.path })
    expect((await run(other.path, ['down', '--json'])).json()).toMatchObject({ stopped: false })
    await other[Symbol.asyncDispose]()
  }, 60_000)

  it('runs the node inside with --own-node and leaves none behind', async () => {
    const other = new TemporaryHome()
    expect((await run(other.path, ['create', 'alone', '--own-node', '--json'])).json()).toMatchObject({ ok: true, name: 'alone' })
    expect((await run(other.path, ['status', '--json'])).json()).toMatchObject({ running: false })
    await other[Symbol.asyncDispose]()
  }, 60_000)

  it('waits for a member with --wait and says so; Ctrl-C ends it', async () => {
    expect(await atoll('join atoll:nobody')).toMatchObject({ status: 5, stderr: expect.stringContaining('--wait') as string })
    const joining = startAtoll(program.path, home.path, ['join', 'atoll:nobody', '--wait'])
    await joining.saw('waiting for a member', 'stderr')
    joining.child.kill('SIGINT')
    expect(await joining.finished).toMatchObject({ status: 130, stdout: '' })
  }, 60_000)

  it('has help for everything, with an example', async () => {
    const overview = (await atoll('help')).stdout
    for (const command of ['create', 'invite', 'join', 'peers', 'state set', 'recall', 'up', 'mcp', 'relay', '--json']) expect(overview).toContain(command)
    expect((await atoll('state set --help')).stdout).toMatch(/Usage: atoll state set KEY VALUE[\s\S]*Example: atoll state set/)
    expect((await atoll('help up')).stdout).toMatch(/--listen[\s\S]*Example: /)
    expect((await atoll('help state')).stdout).toContain('state history')
    expect((await atoll('--version')).stdout).toBe(`atoll ${version} (Node ${process.versions.node})\n`)
    expect((await atoll('version --json')).json()).toMatchObject({ version })
  }, 60_000)

  it('down stops the node and returns when the profile is free', async () => {
    expect(isProfileLocked(home.path)).toBe(true)
    expect(await json('down')).toMatchObject({ ok: true, stopped: true })
    expect(isProfileLocked(home.path)).toBe(false)
  })
})
