/** The child of peer-process.ts: a real peer on SQLite and libp2p. */
import { randomBytes } from 'node:crypto'
import { signingPair } from '../../crdt/crypto/sign.ts'
import { readFile } from '../../crdt/docs/files.ts'
import { introduce, proveRoot } from '../../crdt/members/proofs.ts'
import type { FileId, MemberId } from '../../crdt/wire/ids.ts'
import { openConfig } from '../../node/host/config.ts'
import { openPeer } from '../../node/host/peer-on-node.ts'
import { silentLog } from '../../node/ports/log.ts'
import type { Services } from '../../node/ports/services.ts'
import { makeIdentity } from '../../node/peer/mesh/make-identity.ts'
import type { Peer } from '../../node/peer/peer.ts'
import { pinsNow } from '../../node/peer/services/pins-now.ts'
import { wallMs } from './measure.ts'

const home = process.argv[2] as string
const config = openConfig({ home, env: {}, flags: { listen: '127.0.0.1:0', lan_discovery: 'off', name: `peer-${process.pid}`, ...(JSON.parse(process.argv[3] ?? '{}') as object) } })
const opened = await openPeer({ home, config, log: silentLog, version: 'bench', socket: '' })
const peer = opened.host as Peer
const services = (session?: string): Services => opened.host.services({ signal: new AbortController().signal, session })
const seen = new Map<string, number>()
const arrived = new Set<string>()
let twice = 0

const calls: Record<string, (...args: never[]) => unknown> = {
  ready: () => true,
  rss: () => process.memoryUsage.rss(),
  cpu: () => process.cpuUsage(),
  create: (name: string, relays: readonly string[] = []) => services().meshes.create({ name, relays }),
  invite: async (uses: number) => (await services().mesh.invite({ uses, expires_in_ms: 3_600_000, role: 'member' })).link,
  join: async (link: string) => {
    const start = performance.now()
    await services().meshes.join({ link, wait: false }, () => undefined, new AbortController().signal)
    return performance.now() - start
  },
  /** Writes keys in entries of so many, waiting for each entry's commit when it is one. */
  fill: async (keys: number, perEntry: number, valueBytes: number) => {
    const { replica } = peer.meshFor(undefined)
    for (let at = 0; at < keys; at += 1000) {
      const batch = Array.from({ length: Math.min(1000, keys - at) }, (_, i) => ({ type: 'set' as const, doc: 'state', key: `key-${at + i}`, value: JSON.stringify('x'.repeat(valueBytes)) }))
      await writeGrouped(replica, batch, perEntry)
    }
  },
  notes: async (count: number) => {
    const { replica } = peer.meshFor(undefined)
    for (let at = 0; at < count; at += 1000) {
      await replica.write(Array.from({ length: 1000 }, (_, i) => ({ type: 'set' as const, doc: 'memory', key: `n${at + i}`, value: JSON.stringify({ text: noteText(at + i), tags: [] }) })))
    }
  },
  recall: async (query: string) => {
    const start = performance.now()
    const notes = await services().memory.recall({ query, limit: 10, tags: [] })
    return { ms: performance.now() - start, found: notes.length }
  },
  get: (key: string) => services().state.get(key),
  count: () => peer.meshFor(undefined).replica.store.count('register'),
  bytes: () => peer.meshFor(undefined).replica.store.bytes(),
  logBytes: () => {
    const { replica } = peer.meshFor(undefined)
    let bytes = 0
    for (const { log, seq, type } of replica.logs()) if (type === 'content') for (let after = 0; after < seq; ) {
      const page = replica.store.read(log, after, 1 << 20)
      for (const entry of page) bytes += entry.bytes.length
      after = (page.at(-1) as { seq: number }).seq
    }
    return bytes
  },
  /** Notes when each key becomes visible here, as wall time with a fraction. */
  watch: () => {
    peer.meshFor(undefined).replica.onCommit(({ events }) => {
      const now = wallMs()
      for (const { key } of events.registers) seen.set(key, now)
    })
  },
  seen: () => [...seen],
  write: async (key: string) => {
    const started = wallMs()
    await services().state.set(key, 'x'.repeat(100))
    return started
  },
  synced: async () => (await services().peers.list()).every((other) => other.you || !other.online || other.synced),
  name: () => peer.meshFor(undefined).names.device(peer.identity.device),
  path: async () => (await services().peers.list()).find((other) => !other.you)?.path,
  sessions: () => peer.engine.mesh(peer.meshFor(undefined).id)?.sessions.size ?? 0,
  /** Counts messages by their ids from now on. */
  countMessages: () => {
    peer.meshFor(undefined).replica.onCommit(({ events }) => {
      for (const { id } of events.messages) {
        if (arrived.has(id)) twice++
        arrived.add(id)
      }
    })
  },
  arrived: () => ({ once: arrived.size, twice }),
  /** Sends in batches, as they would queue: each waits for the commit of the one before. */
  send: async (to: string, count: number) => {
    const { messages } = services()
    for (let at = 0; at < count; at += 1000) await Promise.all(Array.from({ length: Math.min(1000, count - at) }, (_, i) => messages.send({ to: [to], text: `message ${at + i}`, priority: 'next' })))
  },
  share: async (path: string) => (await services().files.share({ path, tags: [], to: [] }, () => undefined, new AbortController().signal)).id,
  /** Brings all of a file here, without saving it. */
  fetch: async (id: string) => {
    const { files, replica } = peer.meshFor(undefined)
    const row = readFile(replica.store, id as FileId)
    if (!row) throw new Error('the file is not known here')
    await files.fetch(row, () => undefined, new AbortController().signal)
  },
  save: async (id: string, path: string) => (await services().files.get({ id, save_to: path, overwrite: false }, () => undefined, new AbortController().signal)).fetched_bytes,
  /** Lets in so many members whose devices are never online. */
  crowd: async (count: number) => {
    const { replica } = peer.meshFor(undefined)
    const { mesh } = replica
    const roots = Array.from({ length: count }, () => signingPair(new Uint8Array(randomBytes(32))))
    await replica.operate(() => roots.map((root) => {
      const device = makeIdentity(new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32)))
      const member = root.publicKey as MemberId
      return { type: 'admit' as const, grant: replica.grant(), member, role: 'member' as const, rootProof: proveRoot(mesh, device.device, root), introduction: introduce(device.signing, device.sealing, member), invite: undefined }
    }))
    await replica.operate(() => [], { rotate: true })
    return roots.map(({ publicKey }) => publicKey)
  },
  /** When it was asked for; resolves when it is durable here. */
  removeMember: async (member: string) => {
    const { replica } = peer.meshFor(undefined)
    const began = wallMs()
    await replica.operate(() => [{ type: 'remove', grant: replica.grant(), member: member as MemberId, pins: pinsNow(replica, (device) => replica.membership.memberOf(device) === member) }], { rotate: true })
    return began
  },
  /** When this peer knows that a member is gone, and holds a key that it does not. */
  knowsGone: (member: string) => new Promise<number>((resolve) => {
    const { replica } = peer.meshFor(undefined)
    const listening = replica.onCommit(() => {
      const now = replica.membership.now()
      const [epoch] = now.epochs()
      if (now.member(member as MemberId)?.status !== 'removed' || epoch === undefined || !replica.ledger.keyring.has(epoch)) return
      listening[Symbol.dispose]()
      resolve(wallMs())
    })
  }),
  stop: () => undefined,
}

/** Entries of an exact size, for measuring what a reader pays for each. */
async function writeGrouped(replica: ReturnType<Peer['meshFor']>['replica'], batch: Parameters<typeof replica.write>[0], perEntry: number): Promise<void> {
  await replica.writeEntries(Array.from({ length: Math.ceil(batch.length / perEntry) }, (_, i) => batch.slice(i * perEntry, (i + 1) * perEntry)))
}

/** Notes as people write them: a few words everywhere, most words rare (Zipf's law over 20,000 words). */
function noteText(n: number): string {
  const random = (i: number): number => ((Math.imul(n * 31 + i, 2654435761) >>> 0) % 100_003) / 100_003
  return `${Array.from({ length: 20 }, (_, i) => `word${Math.floor(20_000 ** random(i))}`).join(' ')} note${n}`
}

process.on('message', ({ id, name, args }: { id: number; name: string; args: never[] }) => {
  Promise.resolve((calls[name] as (...args: never[]) => unknown)(...args)).then(
    (value) => process.send?.({ id, ok: true, value }, () => {
      if (name === 'stop') void opened[Symbol.asyncDispose]().then(() => process.exit(0))
    }),
    (error: unknown) => process.send?.({ id, ok: false, value: error instanceof Error ? error.stack : error }),
  )
})
