import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runAtoll } from '../doubles/run-atoll.ts'
import { oldestNode, requires } from '../requires.ts'
import { World } from './world.ts'

const root = join(import.meta.dirname, '../..')
const { version, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string; engines: { node: string } }
const folder = mkdtempSync(join(tmpdir(), 'atoll-pack-'))
const installed = join(folder, 'prefix/lib/node_modules/atoll')
let tarball: string

beforeAll(() => {
  npm('pack', '--pack-destination', folder)
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz'))!)
  // Offline, with an empty cache: a package that wanted another one would fail here.
  npm('install', '--global', '--offline', '--prefix', join(folder, 'prefix'), tarball)
})
afterAll(() => rmSync(folder, { recursive: true }))

test('the tarball holds the bundle, README, LICENSE and package.json, and nothing else', () => {
  const paths = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n').map((path) => path.replace(/^package\//, ''))
  expect(paths.filter((path) => !path.startsWith('dist/')).sort()).toEqual(['LICENSE', 'README.md', 'package.json'])
  expect(paths).toContain('dist/bin.js')
  expect(paths).toContain('dist/THIRD-PARTY-LICENSES.txt')
  expect(paths.filter((path) => /\.(ts|map)$/.test(path))).toEqual([])
})

test('it installs without the network and says its version', () => {
  expect(existsSync(join(installed, 'node_modules'))).toBe(false)
  const { stdout, stderr, status } = spawnSync(process.execPath, [realpathSync(join(folder, 'prefix/bin/atoll')), '--version'], { cwd: folder, encoding: 'utf8' })
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  expect(stdout).toMatch(new RegExp(`^atoll ${version} `))
})

test('a Node that is too old gets one sentence', () => {
  // The entry reaches its check only if an old Node can link it: so it imports nothing but what every Node has.
  const imports = [...readFileSync(join(installed, 'dist/bin.js'), 'utf8').matchAll(/^\s*import\b[^(\n;]*?from ?['"]([^'"]+)['"]/gm)].map(([, from]) => from)
  expect(imports).toEqual(['node:module'])
  for (const node of olderNodes()) {
    const { stdout, stderr, status } = spawnSync(node, [join(installed, 'dist/bin.js'), '--version'], { encoding: 'utf8' })
    expect(stdout).toBe('')
    expect(stderr.trim()).toMatch(/^[^\n]*22\.18[^\n]*$/)
    expect(status).not.toBe(0)
  }
})

describe.skipIf(!requires('oldest-node'))('on the oldest Node that package.json names', () => {
  const program = join(installed, 'dist/bin.js')

  test('it is that one, and the program says its version', async () => {
    expect(`>=${execFileSync(oldestNode, ['--version'], { encoding: 'utf8' }).trim().slice(1)}`).toBe(`${engines.node}.0`)
    const { stdout, stderr, status } = await runAtoll(program, folder, ['--version'], { node: oldestNode })
    expect({ stdout, stderr, status }).toEqual({ stdout: `atoll ${version} (Node ${engines.node.slice(2)}.0)\n`, stderr: '', status: 0 })
  })

  test('commands start a node, which keeps what they write, and none of them is warned of anything', async () => {
    await using world = new World()
    const home = world.folder('alice')
    const does = async (...args: string[]): Promise<string> => {
      const { stdout, stderr, status } = await runAtoll(program, home, args, { node: oldestNode })
      expect({ args, stderr, status }).toEqual({ args, stderr: '', status: 0 })
      return stdout
    }
    try {
      await does('create', 'reef', '--as', 'alice')
      await does('state', 'set', 'release', '{"version":"0.2"}')
      await does('remember', 'Deploys run from main on Fridays')
    } finally {
      await does('down')
    }
    expect(await does('--own-node', 'recall', 'fridays')).toContain('Deploys run from main')
    expect(await does('state', 'get', 'release')).toContain('"0.2"')
    await does('down')
    const logged = readFileSync(join(home, 'node.log'), 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as { level: string }).level)
    expect(new Set(logged)).toEqual(new Set(['info']))
  })

  test('C3 C4: two nodes and a relay meet and are in sync', async () => {
    await using world = new World({ program, node: oldestNode })
    const relay = await world.relay()
    const [alice, bob] = await Promise.all([world.node('alice', { listen: '' }), world.node('bob', { listen: '' })])
    await alice.does('create', 'reef', '--as', 'alice', '--relay', relay.address)
    await bob.does('join', (await alice.does('invite'))['link'] as string, '--name', 'bob')
    await bob.does('send', 'alice', 'hello')
    await bob.inSync(1)
    expect((await alice.does('inbox'))['messages']).toMatchObject([{ text: 'hello', from_member: 'bob' }])
    for (const person of [alice, bob]) expect(await person.does('audit', 'verify')).toMatchObject({ problems: [] })
  })
})

/** Every Node on the PATH that is older than what package.json asks for. */
function olderNodes(): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).map((path) => join(path, 'node')).filter((path) => {
    if (!existsSync(path)) return false
    const [major = 0, minor = 0] = execFileSync(path, ['--version'], { encoding: 'utf8' }).slice(1).split('.').map(Number)
    return major < 22 || (major === 22 && minor < 18)
  })
}

function npm(...args: string[]): void {
  execFileSync('npm', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, npm_config_cache: join(folder, 'cache'), npm_config_update_notifier: 'false' } })
}
