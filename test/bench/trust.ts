/** What it costs to check and fold what peers send: entries one by one, ranges of them, and a long history of members. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { sign, signingPair, verify } from '../../crdt/crypto/sign.ts'
import { verifyRange } from '../../crdt/log/chain.ts'
import { meshTag, readEntry, type Entry } from '../../crdt/log/entry.ts'
import { Membership } from '../../crdt/members/membership.ts'
import { decodeOp, type MemberOp } from '../../crdt/members/ops.ts'
import { introduce, proveRoot } from '../../crdt/members/proofs.ts'
import { domains } from '../../crdt/wire/protocols.ts'
import { openSqliteStore } from '../../node/host/sqlite-store.ts'
import { nodeRuntime } from '../../node/host/node-runtime.ts'
import { silentLog } from '../../node/ports/log.ts'
import { noWitness } from '../../node/ports/witness.ts'
import { memberEntry } from '../../node/peer/replica/load-membership.ts'
import { Replica } from '../../node/peer/replica/replica.ts'
import { ReplicaWorld, type Actor } from '../doubles/replica-world.ts'
import { percentile } from './measure.ts'
import { PeerProcess, scratch } from './peer-process.ts'
import type { Row } from './row.ts'

const entries = 20_000
const perEntry = 10
const runBytes = 96 * 1024
const operations = 10_000
const crowd = 200
const online = 4

export async function trust(): Promise<readonly Row[]> {
  const world = new ReplicaWorld()
  const alice = await world.found('alice')
  const bob = world.actor('bob')
  await world.admit(alice, bob)
  await world.done(alice.replica.writeEntries(Array.from({ length: entries }, (_, e) => Array.from({ length: perEntry }, (_unused, i) => ({ type: 'set' as const, doc: 'state', key: `key-${e * perEntry + i}`, value: '"some twenty bytes"' })))))
  const bare = bareVerifications()
  const seconds = await received(alice, bob)
  const ranges = rangesPerSecond(alice)
  const folded = await historyFolded()
  return [
    { what: `changes checked, folded and committed, ${perEntry} to an entry`, value: (entries * perEntry) / seconds, unit: '/s', target: { at: '>=', value: 50_000 } },
    { what: 'entries checked by the last signature of their range', value: ranges, unit: '/s', target: { at: '>=', value: 25_000 }, floor: { what: 'bare Ed25519 verifications', value: bare } },
    { what: `membership history of ${operations} checked operations, folded`, value: folded, unit: 'ms', target: { at: '<=', value: 300 } },
    { what: `one of ${crowd} members removed, keys renewed, known to ${online} peers online`, value: await removedEverywhere(), unit: 'ms', target: { at: '<=', value: 1000 } },
  ]
}

/** Seconds until another replica, on disk, has taken everything in: durably, in one process. */
async function received(alice: Actor, bob: Actor): Promise<number> {
  const home = scratch()
  using runtime = nodeRuntime()
  const replica = new Replica({ mesh: alice.replica.mesh, identity: bob.identity, store: openSqliteStore({ path: join(home, 'bench.db') }), runtime, verify, witness: noWitness, log: silentLog })
  const logs = [...alice.replica.logs()].sort((a, b) => (a.type === b.type ? 0 : a.type === 'membership' ? -1 : 1))
  let began = performance.now()
  for (const { log, type } of logs) {
    if (type === 'content') began = performance.now()
    for (let after = 0, run = alice.replica.readRun(log, 0, runBytes); run.length > 0; run = alice.replica.readRun(log, (after += run.length), runBytes)) {
      const intake = await replica.receive(run)
      if (intake.placed !== run.length) throw new Error(`only ${intake.placed} of ${run.length} entries were placed: ${intake.problem ?? intake.refused}`)
    }
  }
  const seconds = (performance.now() - began) / 1000
  const held = replica.store.count('register')
  if (held < entries * perEntry) throw new Error(`only ${held} keys arrived`)
  await replica.close()
  rmSync(home, { recursive: true })
  return seconds
}

function rangesPerSecond({ replica }: Actor): number {
  const { log } = [...replica.logs()].find(({ type }) => type === 'content') as { log: Entry['log'] }
  const runs: (readonly Uint8Array[])[] = []
  for (let after = 0, run = replica.readRun(log, 0, runBytes); run.length > 0; run = replica.readRun(log, (after += run.length), runBytes)) runs.push(run)
  const tag = meshTag(replica.mesh)
  let before: Entry | undefined
  let count = 0
  const began = performance.now()
  for (const run of runs) {
    const read = run.map((bytes) => {
      const result = readEntry(bytes)
      if (!result.ok) throw new Error(result.detail)
      return result.entry
    })
    if (verifyRange(replica.mesh, tag, before, read, verify)) throw new Error('a range does not verify')
    before = read.at(-1)
    count += read.length
  }
  return count / ((performance.now() - began) / 1000)
}

/** How often a second one signature over 300 bytes is checked. */
function bareVerifications(): number {
  const pair = signingPair(new Uint8Array(32).fill(7))
  const bytes = new Uint8Array(300)
  const mesh = 'ab'.repeat(32)
  const signature = sign(domains.entry, mesh, bytes, pair)
  const began = performance.now()
  for (let i = 0; i < 2_000; i++) if (!verify(domains.entry, mesh, bytes, signature, pair.publicKey)) throw new Error('it does not verify')
  return 2_000 / ((performance.now() - began) / 1000)
}

/** Milliseconds to fold a long history that was checked before: of people who come by invites, change roles, and go. */
async function historyFolded(): Promise<number> {
  const world = new ReplicaWorld('history')
  const alice = await world.found('alice')
  const { replica } = alice
  const present: Actor['member'][] = []
  for (let made = 0; made < operations; ) {
    const batch: (() => MemberOp)[] = []
    const who = world.actor(`p${made}`)
    const introduction = introduce(who.identity.signing, who.identity.sealing, who.member)
    batch.push(() => ({ type: 'admit', grant: replica.grant(), member: who.member, role: 'member', rootProof: proveRoot(world.mesh, who.identity.device, who.root), introduction, invite: undefined }))
    batch.push(() => ({ type: 'promote', grant: replica.grant(), member: who.member, role: 'admin', devices: [who.identity.device] }))
    present.push(who.member)
    const gone = present.length > 50 ? present.shift() : undefined
    if (gone) batch.push(() => ({ type: 'remove', grant: replica.grant(), member: gone, pins: [] }))
    const wanted = batch.slice(0, operations - made)
    for (const op of wanted) await world.done(replica.operate(() => [op()]))
    made += wanted.length
  }
  const history = replica.store.replay('membership', 0, operations + 10).flatMap(({ bytes }) => {
    const read = readEntry(bytes)
    if (!read.ok) throw new Error(read.detail)
    const op = read.entry.op && decodeOp(read.entry.op)
    return [memberEntry(read.entry, op?.ok ? op.value : undefined)]
  })
  const membership = new Membership(world.mesh, verify)
  const began = performance.now()
  for (const entry of history) membership.restore(entry, undefined)
  const members = membership.now().members().length
  const ms = performance.now() - began
  if (members < operations / 4) throw new Error(`only ${members} members`)
  return ms
}

/** Milliseconds from asking for a removal until everybody online knows of it and holds the new key: the median of three. */
async function removedEverywhere(): Promise<number> {
  await using a = await PeerProcess.start(scratch())
  await a.call('create', 'bench')
  const link = await a.call<string>('invite', online)
  await using group = new AsyncDisposableStack()
  const others: PeerProcess[] = []
  for (let i = 0; i < online; i++) {
    const other = group.use(await PeerProcess.start(scratch()))
    await other.call('join', link)
    others.push(other)
  }
  const members = await a.call<string[]>('crowd', crowd - online - 1)
  const times: number[] = []
  for (const member of members.slice(0, 3)) {
    while (!(await a.call<boolean>('synced'))) await new Promise((next) => setTimeout(next, 50))
    const knowing = others.map((other) => other.call<number>('knowsGone', member))
    const began = await a.call<number>('removeMember', member)
    times.push(Math.max(...(await Promise.all(knowing))) - began)
  }
  return percentile(times, 0.5)
}
