import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { CommandInput, Terminal } from '../../command.ts'
import { command as install } from '../../commands/install.ts'
import { command as uninstall } from '../../commands/uninstall.ts'
import { holdLease } from './monitor-lease.ts'

const worlds: string[] = []
afterEach(() => {
  for (const world of worlds.splice(0)) rmSync(world, { recursive: true, force: true })
})

/** A user with a Claude Code that answers as the real one does, a profile, and a terminal that can be read. */
function world(claude: { version?: string; loads?: boolean; absent?: boolean } = {}) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'atoll-install-')))
  worlds.push(root)
  const bin = join(root, 'bin')
  const folder = join(root, 'user', '.claude')
  mkdirSync(bin)
  mkdirSync(join(root, 'user'))
  if (claude.absent !== true) {
    // Lists a plugin that lies in skills/ of the folder it is told of, and writes there as the real one does.
    const list = claude.loads === false ? 'echo "[]"' : 'test -f "$CLAUDE_CONFIG_DIR/skills/atoll/.claude-plugin/plugin.json" && echo \'[{"id":"atoll@skills-dir","enabled":true}]\''
    writeFileSync(join(bin, 'claude'), `#!/bin/sh\ncase "$*" in --version) echo "${claude.version ?? '2.1.330 (Claude Code)'}";; "plugin list --json") touch "$CLAUDE_CONFIG_DIR/.claude.json"; ${list};; *) exit 64;; esac\n`)
    chmodSync(join(bin, 'claude'), 0o755)
  }
  const home = join(root, 'profile')
  const run = async (command: typeof install, options: { values?: CommandInput['values']; json?: boolean; home?: string; answer?: string } = {}) => {
    const out: string[] = []
    const printed: unknown[] = []
    const terminal: Terminal = {
      colour: false,
      interactive: options.answer !== undefined,
      columns: 80,
      out: (text) => void out.push(text),
      err: (text) => void out.push(text),
      json: (fields) => void printed.push(fields),
      stdin: (async function* () {
        yield new TextEncoder().encode(options.answer ?? '')
      })(),
    }
    const status = await command.run({
      positionals: ['claude'],
      values: options.values ?? {},
      json: options.json ?? false,
      home: options.home ?? home,
      env: { PATH: `${bin}:/usr/bin:/bin`, CLAUDE_CONFIG_DIR: folder, ATOLL_HOME: options.home ?? home },
      terminal,
      signal: new AbortController().signal,
    })
    return { status, out: out.join('\n'), printed: printed[0] as Record<string, unknown> | undefined }
  }
  return { root, folder, home, run }
}

/** Every path below a folder, with what it is and holds. */
function picture(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {}
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name)
    const content = entry.isSymbolicLink() ? `-> ${readlinkSync(path)}` : entry.isDirectory() ? 'folder' : readFileSync(path, 'base64')
    return [path, `${(lstatSync(path).mode & 0o777).toString(8)} ${content}`] as const
  })
  return { '.': 'folder', ...Object.fromEntries(entries) }
}

/** What a user who lives in Claude Code has there. */
function livedIn(folder: string): void {
  mkdirSync(join(folder, 'skills', 'mine'), { recursive: true })
  mkdirSync(join(folder, 'plugins'))
  writeFileSync(join(folder, 'skills', 'mine', 'SKILL.md'), 'mine')
  writeFileSync(join(folder, 'settings.json'), '{\n    // a comment\n    "model":"opus",   "x-unknown": [1,2],\n}\n')
  writeFileSync(join(folder, '.claude.json'), '{"numStartups":3}')
}

test.each([
  ['a folder that is lived in', livedIn],
  ['a folder without skills', (folder: string) => mkdirSync(folder)],
  ['no folder yet', () => {}],
])('install and uninstall leave %s as it was, byte for byte', async (_, prepare) => {
  const { folder, home, run } = world()
  prepare(folder)
  const before = picture(folder)

  expect((await run(install)).status).toBe(0)
  const added = Object.keys(picture(folder)).filter((path) => !(path in before))
  expect(added).toContain(join(folder, 'skills', 'atoll'))
  expect(Object.entries(before).every(([path, content]) => picture(folder)[path] === content)).toBe(true)

  expect((await run(uninstall)).status).toBe(0)
  expect(picture(folder)).toEqual(before)
  expect(readdirSync(home)).toEqual([])
})

test('the plugin runs this program by absolute paths, for this profile where the environment names none', async () => {
  const { folder, home, run } = world()
  await run(install)
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, 'skills', 'atoll', name), 'utf8'))
  const script = process.argv[1] ?? ''
  expect(read('.claude-plugin/plugin.json')).toMatchObject({ name: 'atoll', mcpServers: { atoll: { args: [script, 'mcp'], env: { ATOLL_HOME: `\${ATOLL_HOME:-${home}}` } } } })
  expect(JSON.stringify(read('monitors/monitors.json'))).toContain(`${script} monitor`)
  const { hooks } = read('hooks/hooks.json') as { hooks: Record<string, [{ hooks: [{ command: string }] }]> }
  expect(Object.keys(hooks)).toEqual(['UserPromptSubmit', 'PostToolUse'])
  expect(hooks['PostToolUse']?.[0].hooks[0].command).toMatch(new RegExp(`^env ATOLL_HOME="\\$\\{ATOLL_HOME:-${home}\\}" /\\S+ ${script} hook PostToolUse$`))
  expect((statSync(join(home, 'agents')).mode & 0o077).toString(8)).toBe('0')
})

test('installing twice changes nothing the second time', async () => {
  const { root, run } = world()
  await run(install)
  const once = picture(root)
  const again = await run(install, { json: true })
  expect(again.printed).toMatchObject({ changed: false, changes: [] })
  expect(picture(root)).toEqual(once)
})

test('an install over an older one replaces what is outdated, says so line by line, and is undone whole', async () => {
  const { folder, home, run } = world()
  await run(install)
  const plugin = join(home, 'agents', 'claude', 'plugin')
  const manifest = join(plugin, '.claude-plugin', 'plugin.json')
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"version": ".*"/, '"version": "0.0.1"'))
  mkdirSync(join(plugin, 'commands'))
  writeFileSync(join(plugin, 'commands', 'old.md'), 'old')
  const record = join(home, 'agents', 'claude', 'installed.json')
  writeFileSync(record, readFileSync(record, 'utf8').replace('"files": [', '"files": ["commands/old.md",'))

  const { out } = await run(install)
  expect(out).toMatch(/changed file .*plugin\.json\n {2}-\s+"version": "0\.0\.1",\n {2}\+\s+"version": "/)
  expect(out).toContain(`deleted file ${join(plugin, 'commands', 'old.md')}`)
  await run(uninstall)
  expect(picture(folder)).toEqual({})
  expect(Object.keys(picture(home)).filter((path) => path.endsWith('.json'))).toEqual([])
})

test('--dry-run shows the changes and makes none', async () => {
  const { root, folder, run } = world()
  const before = picture(root)
  const { out } = await run(install, { values: { 'dry-run': true } })
  expect(out).toContain(`new link ${join(folder, 'skills', 'atoll')} -> `)
  expect(out).toContain('+   "name": "atoll",')
  expect(picture(root)).toEqual(before)
})

test('on a terminal it asks first', async () => {
  const { root, run } = world()
  const before = picture(root)
  expect(await run(install, { answer: 'n\n' })).toMatchObject({ status: 1 })
  expect(picture(root)).toEqual(before)
  expect(await run(install, { answer: 'y\n' })).toMatchObject({ status: 0 })
  const installed = picture(root)
  expect(await run(uninstall, { answer: '' })).toMatchObject({ status: 1 })
  expect(picture(root)).toEqual(installed)
})

test('a Claude Code that does not load the plugin is named, and nothing stays', async () => {
  const { folder, home, run } = world({ loads: false, version: '2.1.100 (Claude Code)' })
  livedIn(folder)
  const before = picture(folder)
  await expect(run(install)).rejects.toThrow(/Claude Code 2\.1\.100 .* 2\.1\.157 or later/)
  expect(picture(folder)).toEqual(before)
  expect(readdirSync(home)).toEqual([])
})

test('without a claude on PATH it is installed and said to be untried', async () => {
  const { run } = world({ absent: true })
  const { status, out } = await run(install)
  expect(status).toBe(0)
  expect(out).toContain('No `claude` was found on PATH')
})

test('what is not ours is neither replaced nor deleted', async () => {
  const { folder, home, root, run } = world()
  mkdirSync(join(folder, 'skills', 'atoll'), { recursive: true })
  await expect(run(install)).rejects.toThrow('is not Atoll')
  rmSync(join(folder, 'skills', 'atoll'), { recursive: true })

  await run(install)
  await expect(run(install, { home: join(root, 'second') })).rejects.toThrow(`ATOLL_HOME='${home}' atoll uninstall claude`)

  // The user puts a plugin of their own in its place, and something into our folder.
  rmSync(join(folder, 'skills', 'atoll'))
  cpSync(join(home, 'agents', 'claude', 'plugin'), join(folder, 'skills', 'atoll'), { recursive: true })
  writeFileSync(join(home, 'agents', 'claude', 'plugin', 'notes.txt'), 'mine')
  const { out } = await run(uninstall)
  expect(out).toContain(`kept ${join(folder, 'skills', 'atoll')}: it is no longer the link`)
  expect(existsSync(join(folder, 'skills', 'atoll', '.claude-plugin', 'plugin.json'))).toBe(true)
  expect(readFileSync(join(home, 'agents', 'claude', 'plugin', 'notes.txt'), 'utf8')).toBe('mine')
})

test('the empty folder that Claude Code makes for the plugin’s data goes with it, one that is used stays', async () => {
  const { folder, run } = world()
  livedIn(folder)
  const data = join(folder, 'plugins', 'data', 'atoll-skills-dir')
  await run(install)
  mkdirSync(data, { recursive: true })
  await run(uninstall)
  expect(existsSync(data)).toBe(false)

  await run(install)
  mkdirSync(data, { recursive: true })
  writeFileSync(join(data, 'x'), '')
  await run(uninstall)
  expect(existsSync(data)).toBe(true)
})

test('the files by which monitors and hooks know of each other go too', async () => {
  const { home, run } = world()
  await run(install)
  const held = holdLease(home, 80)
  await run(uninstall)
  expect(readdirSync(home)).toEqual([])
  held[Symbol.dispose]()
})

test('an install or uninstall that was killed half-way is undone by uninstall', async () => {
  const whole = world()
  await whole.run(install)
  // Killed after each step of the install: the record is there, the rest not yet.
  const half = world()
  await half.run(install)
  rmSync(join(half.folder, 'skills', 'atoll'))
  rmSync(join(half.home, 'agents', 'claude', 'plugin', 'hooks'), { recursive: true })
  await half.run(uninstall)
  expect(picture(half.folder)).toEqual({})
  expect(readdirSync(half.home)).toEqual([])

  // Or its record is lost: the link is enough to go by.
  rmSync(join(whole.home, 'agents', 'claude', 'installed.json'))
  await whole.run(uninstall)
  expect(existsSync(join(whole.folder, 'skills', 'atoll'))).toBe(false)
  expect(readdirSync(whole.home)).toEqual([])

  expect((await whole.run(uninstall)).out).toContain('not installed')
})

test('a path that Claude Code or a shell would read something into is refused', async () => {
  const { root, run } = world()
  for (const name of ['$HOME', '${x}', 'a"b', '`id`']) {
    await expect(run(install, { home: join(root, name) })).rejects.toThrow('cannot be told of the path')
  }
  const { folder, run: runSpaced } = world()
  const spaced = join(root, "it's mine")
  await runSpaced(install, { home: spaced })
  expect(readFileSync(join(folder, 'skills', 'atoll', 'hooks', 'hooks.json'), 'utf8')).toContain("ATOLL_HOME:-")
})

test('an agent that is not known is refused by name', async () => {
  const { run } = world()
  await expect(run({ ...install, run: (input) => install.run({ ...input, positionals: ['emacs'] }) })).rejects.toThrow('"emacs"')
  await expect(run({ ...install, run: (input) => install.run({ ...input, positionals: [] }) })).rejects.toThrow('atoll install claude')
})

test('a link that leads nowhere in our place is somebody else’s too', async () => {
  const { folder, run } = world()
  mkdirSync(join(folder, 'skills'), { recursive: true })
  symlinkSync('/nowhere', join(folder, 'skills', 'atoll'))
  await expect(run(install)).rejects.toThrow('leads to /nowhere')
})
