/**
 * Two profiles on a file system that turns read-only, one of them after its node was killed, in a mount namespace of
 * its own; exits with status 0 when all was as it must be. Argument: an empty folder to mount on.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runAtoll, startAtoll, type Running } from '../doubles/run-atoll.ts'

type Answer = Readonly<Record<string, unknown>>

const [folder = ''] = process.argv.slice(2)
const program = join(import.meta.dirname, '../../dist/bin.js')
const [alice, bob, nobody] = ['alice', 'bob', 'nobody'].map((name) => join(folder, name)) as [string, string, string]
execFileSync('mount', ['-t', 'tmpfs', 'none', folder])
for (const home of [alice, bob, nobody]) mkdirSync(home, { mode: 0o700 })

const nodes = [await up(alice), await up(bob)]
await does(alice, 'create', 'reef', '--as', 'alice')
await does(bob, 'join', (await does(alice, 'invite'))['link'] as string, '--name', 'bob')
await does(bob, 'remember', 'Deploys run from main on Fridays')
await does(bob, 'send', 'alice', 'hello')
assert.equal(((await does(alice, 'inbox', '--wait', '--peek'))['messages'] as Answer[]).length, 1)
for (const value of ['1', '2', '3']) await does(alice, 'state', 'set', 'k', value)
nodes[0]?.child.kill('SIGKILL')
nodes[1]?.child.kill('SIGTERM')
await Promise.all(nodes.map(({ finished }) => finished))
assert.ok(wal(alice) && !wal(bob))

mount('ro')
const before = listing()
assert.equal((await does(alice, 'state', 'get', 'k'))['value'], 3)
assert.deepEqual(((await does(alice, 'state', 'history', 'k'))['versions'] as { value: number }[]).map(({ value }) => value), [3, 2, 1])
assert.deepEqual(((await does(alice, 'state', 'list'))['values'] as { key: string }[]).map(({ key }) => key), ['k'])
assert.equal(((await does(alice, 'inbox', '--peek'))['messages'] as { text: string }[])[0]?.text, 'hello')
for (const home of [alice, bob]) {
  assert.equal(((await does(home, 'recall', 'fridays'))['notes'] as Answer[]).length, 1)
  assert.deepEqual(((await does(home, 'list'))['meshes'] as { name: string }[]).map(({ name }) => name), ['reef'])
  assert.equal(((await does(home, 'member', 'list'))['members'] as Answer[]).length, 2)
  assert.equal((await does(home, 'info'))['name'], 'reef')
  assert.deepEqual((await does(home, '--own-node', 'audit', 'verify'))['problems'], [])
  for (const write of [['state', 'set', 'k', '4'], ['remember', 'x'], ['send', '*', 'x'], ['config', 'set', 'name', 'x'], ['create', 'other'], ['leave', '--yes'], ['state', 'delete', 'k'], ['up']]) {
    await refused(home, ...write)
  }
}
// What would count as read cannot be kept as read, and nothing will ever arrive.
await refused(alice, 'inbox')
await refused(alice, 'inbox', '--peek', '--wait')
await refused(alice, 'state', 'watch')
await refused(nobody, 'list')
const { stdout, stderr, status } = await runAtoll(program, alice, ['state', 'get', 'k'])
assert.deepEqual({ first: stdout.split('\n')[0], stderr, status }, { first: '3', stderr: 'The profile cannot be written (the file system is mounted read-only): this is what it holds, and nothing is synced.\n', status: 0 })
assert.deepEqual(listing(), before)

mount('rw')
await does(alice, 'state', 'set', 'k', '4')
assert.deepEqual(((await does(alice, 'state', 'history', 'k'))['versions'] as { value: number }[]).map(({ value }) => value), [4, 3, 2, 1])
assert.equal(((await does(alice, 'inbox'))['messages'] as Answer[]).length, 1)
assert.deepEqual((await does(alice, 'audit', 'verify'))['problems'], [])
await does(alice, 'down')

async function up(home: string): Promise<Running> {
  const node = startAtoll(program, home, ['up', '--json', '--listen', '127.0.0.1:0'])
  await node.saw('"socket"')
  return node
}

async function does(home: string, ...args: string[]): Promise<Answer> {
  const { stdout, stderr, status } = await runAtoll(program, home, [...args, '--json'])
  assert.equal(status, 0, `atoll ${args.join(' ')}: ${stdout} ${stderr}`)
  return JSON.parse(stdout) as Answer
}

async function refused(home: string, ...args: string[]): Promise<void> {
  const { stdout, status } = await runAtoll(program, home, [...args, '--json'])
  const { error } = JSON.parse(stdout) as { error?: { code: string; message: string } }
  assert.deepEqual({ args, status, code: error?.code }, { args, status: 7, code: 'profile_readonly' }, stdout)
  assert.ok(error?.message.startsWith(`The profile ${home} cannot be written: the file system is mounted read-only. Nothing was saved`), stdout)
}

function mount(how: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${how}`, folder])
}

/** Whether a store has a write-ahead log: what a clean end leaves none of. */
function wal(home: string): boolean {
  return readdirSync(join(home, 'meshes')).some((mesh) => existsSync(join(home, 'meshes', mesh, 'mesh.db-wal')))
}

function listing(): string[] {
  return (readdirSync(folder, { recursive: true }) as string[]).sort().map((name) => `${name} ${lstatSync(join(folder, name)).mtimeMs}`)
}
