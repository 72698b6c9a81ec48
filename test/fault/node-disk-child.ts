/**
 * A whole node lives through a full disk, in a mount namespace of its own, and exits with status 0 when all was as it
 * must be. Argument: an empty folder to mount on.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { openConfig } from '../../node/host/config.ts'
import type { OpenPeer } from '../../node/host/open-peer.ts'
import { openPeer } from '../../node/host/peer-on-node.ts'
import { AtollError } from '../../node/ports/errors.ts'
import { silentLog } from '../../node/ports/log.ts'
import type { Services } from '../../node/ports/services.ts'

const [folder = ''] = process.argv.slice(2)
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'none', folder])
const elsewhere = mkdtempSync(join(tmpdir(), 'atoll-roomy-'))
const small = join(folder, 'profile')
mkdirSync(small, { mode: 0o700 })
const signal = AbortSignal.timeout(80_000)

const open = (home: string, name: string): Promise<OpenPeer> => openPeer({ home, config: openConfig({ home, env: {}, flags: { listen: '127.0.0.1:0', name } }), log: silentLog, version: 'test', socket: '' })
const opened = [await open(small, 'alice'), await open(elsewhere, 'bob')] as const
const [alice, bob] = opened.map(({ host }) => host.services({ signal })) as [Services, Services]
await alice.meshes.create({ name: 'reef', relays: [] })
const { link } = await alice.mesh.invite({ uses: 1, expires_in_ms: 3_600_000, role: 'member' })
await bob.meshes.join({ link, wait: false }, () => undefined, signal)

const acknowledged: string[] = []
for (let round = 0; round < 3; round++) {
  const refusal = await fill(`round ${round}`)
  assert.equal(refusal, 'storage_full')
  // Everything that was acknowledged is read on a full disk, and what a peer writes meanwhile is not lost either.
  for (const key of acknowledged) assert.equal(((await alice.state.get(key)).value as string).length, 40_000, key)
  await bob.state.set(`bob ${round}`, round)
  execFileSync('mount', ['-o', `remount,size=${12 + 6 * round}m`, folder])
  await until(async () => (await codeOf(alice.state.set(`after ${round}`, true))) === 'done')
  await until(async () => (await codeOf(alice.state.get(`bob ${round}`))) === 'done')
}
await until(async () => (await keysOf(bob)).length === (await keysOf(alice)).length && (await codeOf(bob.state.get('after 2'))) === 'done')
const held = new Set(await keysOf(bob))
for (const key of acknowledged) assert.ok(held.has(key), `${key} came to the peer`)
assert.deepEqual((await alice.audit.verify(() => undefined, signal)).problems, [])
for (const one of opened) await one[Symbol.asyncDispose]()
rmSync(elsewhere, { recursive: true })
process.exit(0)

/** Writes until a write is refused. @returns the code it was refused with */
async function fill(name: string): Promise<string> {
  for (let i = 0; i < 1_000; i++) {
    const code = await codeOf(alice.state.set(`${name} ${i}`, 'x'.repeat(40_000)))
    if (code !== 'done') return code
    acknowledged.push(`${name} ${i}`)
  }
  return 'never refused'
}

async function codeOf(doing: Promise<unknown>): Promise<string> {
  try {
    await doing
    return 'done'
  } catch (error) {
    if (error instanceof AtollError) return error.code
    throw error
  }
}

async function keysOf(who: Services): Promise<string[]> {
  return (await who.state.list({ prefix: '', limit: 1000 })).values.map(({ key }) => key)
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await once(AbortSignal.timeout(100), 'abort', { signal })
}
