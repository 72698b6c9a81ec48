import { spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { built, Person, World } from '../e2e/world.ts'
import { requires, unprivileged } from '../requires.ts'

describe.skipIf(!requires('mounts'))('a profile on a file system that turned read-only', () => {
  test('D2 H1: is read by every command that only reads; the others say why not; nothing is lost', () => {
    const folder = mkdtempSync(join(tmpdir(), 'atoll-readonly-'))
    const child = join(import.meta.dirname, 'profile-readonly-child.ts')
    const { status, stderr } = spawnSync('unshare', ['--mount', process.execPath, '--no-warnings', child, folder], { encoding: 'utf8', timeout: 100_000 })
    rmSync(folder, { recursive: true })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})

describe.skipIf(!requires('unprivileged'))('a profile whose folder may not be written', () => {
  test('D2 D4 H1: is read as it lies, and its logs go on afterwards', async () => {
    await using world = new World()
    const alice = new Person('alice', world.folder('alice'), {}, boundByModes(world.root))
    await alice.up()
    await alice.does('create', 'reef')
    const first = await logsAfterWriting(alice, 1)
    await alice.up()
    const second = await logsAfterWriting(alice, 2)

    chmodSync(alice.home, 0o500)
    const before = listing(alice.home)
    expect(await alice.does('state', 'get', 'k')).toMatchObject({ value: 2 })
    expect(await alice.does('audit', 'verify')).toMatchObject({ problems: [] })
    const refusal = await alice.fails('state', 'set', 'k', '3')
    expect(refusal).toMatchObject({ code: 'profile_readonly', status: 7 })
    expect(refusal.message).toContain(`${alice.home} cannot be written: permission is denied.`)
    // The folders below may be written, and yet were not.
    expect(listing(alice.home)).toEqual(before)

    chmodSync(alice.home, 0o700)
    await alice.up()
    // Reading took no proof of where the logs end: they go on, on machines where they do after a restart.
    expect(await logsAfterWriting(alice, 3) - second).toBe(second - first)
  })
})

/** Writes, stops the node, and says how many logs the mesh has. */
async function logsAfterWriting(person: Person, value: number): Promise<number> {
  await person.does('state', 'set', 'k', String(value))
  const { logs } = await person.does('info')
  await person.down()
  return logs as number
}

/** The program, run by somebody whom the modes of files bind. */
function boundByModes(folder: string): typeof built {
  if (process.getuid?.() !== 0) return built
  const node = join(folder, 'node')
  writeFileSync(node, `#!/bin/sh\nexec setpriv ${unprivileged} '${built.node}' "$@"\n`, { mode: 0o755 })
  return { ...built, node }
}

/** What lies there and since when; save what Node compiled, which may be deleted at any time. */
function listing(folder: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[]).filter((name) => !name.startsWith('cache')).sort().map((name) => `${name} ${lstatSync(join(folder, name)).mtimeMs}`)
}
