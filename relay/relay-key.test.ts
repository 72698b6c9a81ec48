import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadRelayKey } from './relay-key.ts'

let home = ''
beforeEach(() => void (home = mkdtempSync(join(tmpdir(), 'atoll-relay-key-'))))
afterEach(() => rmSync(home, { recursive: true, force: true }))

const load = (path = join(home, 'relay.key')) => loadRelayKey(path, { privateDirectory: true })
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)

test('the key is made once, private, and is the same afterwards', async () => {
  const path = join(home, 'profile', 'relay.key')
  const [first, second] = [await load(path), await load(path)]
  expect(first.equals(second)).toBe(true)
  expect([mode(path), mode(join(home, 'profile'))]).toEqual(['600', '700'])
  expect(readdirSync(join(home, 'profile'))).toEqual(['relay.key'])
})

test('H1: a key that others may read is refused with the command that mends it', async () => {
  await load()
  chmodSync(join(home, 'relay.key'), 0o640)
  await expect(load()).rejects.toMatchObject({ detail: { problem: 'key_modes', mode: '0640', command: `chmod 600 ${join(home, 'relay.key')}` } })
  chmodSync(join(home, 'relay.key'), 0o600)
  await expect(load()).resolves.toBeDefined()
})

test('H1: so is a profile that others may enter, but not the directory of a file that was named', async () => {
  chmodSync(home, 0o755)
  await expect(load()).rejects.toMatchObject({ detail: { problem: 'key_modes', mode: '0755', command: `chmod 700 ${home}` } })
  await expect(loadRelayKey(join(home, 'named.key'), { privateDirectory: false })).resolves.toBeDefined()
})

test('H1: what is no key is refused and left as it is', async () => {
  writeFileSync(join(home, 'relay.key'), 'nonsense', { mode: 0o600 })
  await expect(load()).rejects.toMatchObject({ detail: { problem: 'key_malformed' } })
  writeFileSync(join(home, 'file'), '')
  await expect(load(join(home, 'file', 'relay.key'))).rejects.toMatchObject({ detail: { problem: 'key_unreadable' } })
})
