/** A lost laptop, with real processes: the backup is all that is left of it. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasher } from '../../crdt/crypto/hash.ts'
import { toHex } from '../../crdt/wire/ids.ts'
import { domains } from '../../crdt/wire/protocols.ts'
import { openBackup } from '../../crdt/recovery/backup-file.ts'
import { runAtoll } from '../doubles/run-atoll.ts'
import { built, World, type Person } from './world.ts'

const passphrase = 'three small islands'

interface Reef {
  readonly alice: Person
  readonly bob: Person
  readonly file: string
  readonly secret: string
}

/** Alice and Bob in a mesh with a relay, and where Alice keeps her passphrase. */
async function reef(world: World): Promise<Reef> {
  const relay = await world.relay()
  const [alice, bob] = await Promise.all([world.node('alice'), world.node('bob')])
  await alice.does('create', 'reef', '--as', 'alice', '--relay', relay.address)
  const { link } = await alice.does('invite')
  await bob.does('join', link as string, '--name', 'bob')
  await alice.does('state', 'set', 'mine', '"kept"')
  await alice.inSync(1)
  const secret = join(world.root, 'passphrase')
  writeFileSync(secret, `${passphrase}\n`, { mode: 0o600 })
  return { alice, bob, file: join(world.root, 'reef.atollbak'), secret }
}

/** All that a node wrote about what it did. */
const logsOf = ({ home, running }: Person, said: string): string => {
  const file = join(home, 'node.log')
  return `${existsSync(file) ? readFileSync(file, 'utf8') : ''}${said}${running?.child.exitCode ?? ''}`
}

describe('a lost machine', () => {
  it('R1 R2 R4: is backed up to a file for its owner alone, and restored on an empty one as the same member; no secret is in any log', async () => {
    await using world = new World()
    const { alice, bob, file, secret } = await reef(world)
    const said: string[] = []
    const made = await alice.tries('backup', file, '--passphrase-file', secret)
    said.push(made.stdout, made.stderr)
    expect(JSON.parse(made.stdout)).toMatchObject({ ok: true, path: file, meshes: [{ name: 'reef', member_name: 'alice' }] })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await alice.fails('backup', file, '--passphrase-file', secret)).toMatchObject({ code: 'file_exists', status: 6 })
    await alice.does('backup', file, '--passphrase-file', secret, '--overwrite')
    const opened = openBackup(readFileSync(file), passphrase)
    if (!opened.ok) throw new Error(opened.problem)
    const [held] = opened.backup.meshes
    const root = readFileSync(join(alice.home, 'recovery', `${held!.mesh}.root`), 'utf8').trim()
    expect(toHex(held!.root)).toBe(root)
    const device = (JSON.parse(readFileSync(join(alice.home, 'device.key'), 'utf8')) as { seed: string }).seed
    expect(Buffer.from(JSON.stringify(opened.backup)).includes(device), 'no device key').toBe(false)
    const before = (await bob.does('member', 'list'))['members'] as { name: string; member: string; role: string; devices: { device: string }[] }[]
    const was = before.find(({ name }) => name === 'alice')!
    alice.running?.child.kill('SIGKILL')
    const lost = await alice.running?.finished
    said.push(lost?.stdout ?? '', lost?.stderr ?? '')
    rmSync(alice.home, { recursive: true })

    const fresh = await world.node('fresh')
    expect(await bob.fails('restore', file, '--passphrase-file', secret)).toMatchObject({ code: 'profile_used', status: 6 })
    const piped = await runAtoll(built.program, fresh.home, ['restore', file, '--json'], { stdin: `${passphrase}\n` })
    said.push(piped.stdout, piped.stderr)
    expect(piped.json()).toMatchObject({ ok: true, failed: [], meshes: [{ name: 'reef', member: was.member, member_name: 'alice', role: 'owner', other_devices: [was.devices[0]?.device] }] })
    expect(await fresh.does('state', 'get', 'mine')).toMatchObject({ value: 'kept', by: 'alice' })
    await fresh.does('state', 'set', 'back', '1')
    await bob.inSync(1)
    expect(await bob.does('state', 'get', 'back')).toMatchObject({ value: 1, by: 'alice' })
    expect((await bob.does('info'))['forks']).toEqual([])
    expect(await bob.does('audit', 'verify')).toMatchObject({ ok: true, problems: [] })
    expect(readdirSync(join(fresh.home, 'recovery'))).toEqual([`${held!.mesh}.root`])
    expect(await fresh.fails('restore', file, '--passphrase-file', secret)).toMatchObject({ code: 'profile_used' })
    await fresh.down()
    await bob.down()
    for (const person of [fresh, bob]) {
      const stopped = await person.running?.finished
      said.push(logsOf(person, `${stopped?.stdout ?? ''}${stopped?.stderr ?? ''}`))
    }
    for (const text of [passphrase, root, device]) expect(said.join('\n').includes(text)).toBe(false)
  })

  it('R2 H1: each way in which a backup cannot be read is said: wrong passphrase, damage, another file, a newer version, nobody online', async () => {
    await using world = new World()
    const { alice, bob, file, secret } = await reef(world)
    await alice.does('backup', file, '--passphrase-file', secret)
    const fresh = await world.node('fresh')
    const other = join(world.root, 'other')
    const restore = (path: string, words = secret): ReturnType<Person['fails']> => fresh.fails('restore', path, '--passphrase-file', words)
    writeFileSync(other, 'another passphrase')
    expect(await restore(file, other)).toMatchObject({ code: 'backup_passphrase', status: 4 })
    expect(await restore(other)).toMatchObject({ code: 'backup_foreign', status: 2 })
    expect(await restore(join(world.root, 'missing'))).toMatchObject({ code: 'file_unreadable', status: 3 })
    const bytes = new Uint8Array(readFileSync(file))
    writeFileSync(other, bytes.subarray(0, -9))
    expect(await restore(other)).toMatchObject({ code: 'backup_damaged', status: 7 })
    const newer = bytes.subarray(0, -16).with(8, 2)
    writeFileSync(other, Uint8Array.from([...newer, ...hasher(domains.backupChecksum)(newer).subarray(0, 16)]))
    expect(await restore(other)).toMatchObject({ code: 'backup_newer', status: 7, message: expect.stringContaining('Upgrade Atoll') as string })
    expect(await alice.fails('backup', join(world.root, 'no', 'folder'), '--passphrase-file', secret)).toMatchObject({ code: 'file_unwritable', status: 7 })
    writeFileSync(other, 'short')
    expect(await alice.fails('backup', join(world.root, 'new'), '--passphrase-file', other)).toMatchObject({ code: 'bad_input', status: 2 })
    expect(await fresh.fails('backup', join(world.root, 'new'), '--passphrase-file', secret)).toMatchObject({ code: 'backup_empty', status: 3 })
    for (const person of [alice, bob]) await person.down()
    expect(await restore(file)).toMatchObject({ code: 'nobody_online', status: 5 })
    expect((await fresh.does('list'))['meshes']).toEqual([])
  })

  it('R5: paper words bring back what the file does, by a relay’s address or a peer’s', async () => {
    await using world = new World()
    const { alice } = await reef(world)
    const words = await alice.prints('backup', '--words')
    expect(words.split('\n').filter((line) => /^[a-z]/.test(line))).toHaveLength(8)
    const { meshes: [onPaper] } = (await alice.does('backup', '--words')) as { meshes: [{ words: string[]; addresses: string[] }] }
    alice.running?.child.kill('SIGKILL')
    await alice.running?.finished
    const paper = join(world.root, 'paper')
    writeFileSync(paper, words)
    const fresh = await world.node('fresh')
    expect((await fresh.does('restore', '--words', paper))['meshes']).toMatchObject([{ name: 'reef', member_name: 'alice', role: 'owner' }])
    expect(await fresh.does('state', 'get', 'mine')).toMatchObject({ value: 'kept' })

    const again = await world.node('again')
    const typed = `${onPaper.words.join(' ')}\n${(fresh.running && (await fresh.does('status'))['addresses'] as string[])![0]}\n`
    const restored = await runAtoll(built.program, again.home, ['restore', '--words', '--json'], { stdin: typed })
    expect(restored.json()).toMatchObject({ ok: true, meshes: [{ name: 'reef', member_name: 'alice', role: 'owner' }] })
    const swapped = [...onPaper.words.slice(1), onPaper.words[0]].join(' ')
    const refused = await runAtoll(built.program, world.folder('third'), ['restore', '--words', '--json'], { stdin: swapped })
    expect([refused.status, refused.json()]).toMatchObject([2, { error: { code: 'words_wrong' } }])
  })
})
