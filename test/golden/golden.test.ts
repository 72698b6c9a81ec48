/**
 * The golden vectors, read by this version. They stand in `vectors/` and never change; `make.ts` wrote them. What is
 * derived is recomputed here from SPEC.md and libsodium alone. `stores/` holds a store of each schema there was, as the
 * last version that wrote it left it after reading the golden history.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { argon2id } from '@noble/hashes/argon2.js'
import { expect, test } from 'vitest'
import { parsePaper } from '../../cli/recovery/paper-words.ts'
import type { Backup } from '../../crdt/recovery/backup.ts'
import { openBackup } from '../../crdt/recovery/backup-file.ts'
import { open } from '../../crdt/crypto/seal.ts'
import { noMesh, verify } from '../../crdt/crypto/sign.ts'
import { sodium } from '../../crdt/crypto/sodium.ts'
import { decodeBody, encodeBody, kinds, receiptPayload, type Change } from '../../crdt/docs/change.ts'
import { idOfMessageKey, messageIds, readMessage, receiptMark } from '../../crdt/docs/messages.ts'
import { readRegister } from '../../crdt/docs/registers.ts'
import { openChanges } from '../../crdt/docs/sealed.ts'
import { logIds, meshTag, readEntry, verifyEntry, type Entry } from '../../crdt/log/entry.ts'
import { formatLink, inviteCode, inviteKey, parseLink, type InviteLink } from '../../crdt/members/link.ts'
import { parseAccessToken, type AccessToken } from '../../crdt/members/access-token.ts'
import { parseDeviceLink, type DeviceLink, type LinkTalkParts } from '../../crdt/members/device-link.ts'
import { Membership } from '../../crdt/members/membership.ts'
import { decodeOp, encodeOp, type MemberOp, type OpOf } from '../../crdt/members/ops.ts'
import { headsDigest, type HeadPoint } from '../../crdt/sync/heads.ts'
import { meshOfTag, syncTag } from '../../crdt/sync/handshake.ts'
import { openWhisper } from '../../crdt/sync/whisper.ts'
import { isWhisperToSome, openWhisperTo } from '../../crdt/sync/whisper-to-some.ts'
import { decode } from '../../crdt/wire/codec.ts'
import { fromHex, toHex, type DeviceId, type EntryId, type LogId, type MemberId, type MeshId } from '../../crdt/wire/ids.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { domains, protocols } from '../../crdt/wire/protocols.ts'
import { silentLog } from '../../node/ports/log.ts'
import { noWitness } from '../../node/ports/witness.ts'
import { openSqliteStore } from '../../node/host/sqlite-store.ts'
import type { MeshStore } from '../../node/ports/store.ts'
import { createMemoryStore } from '../../node/peer/memory-store.ts'
import { transcriptOf } from '../../node/peer/join/frames.ts'
import { Keyring } from '../../node/peer/replica/keyring.ts'
import { Replica } from '../../node/peer/replica/replica.ts'
import { VirtualRuntime } from '../../node/peer/virtual-runtime.ts'
import { codecs } from './codecs.ts'
import { fromJson, partyOf, toJson, type Json, type Party, type PartySecrets } from './values.ts'
import { vectors } from './vectors.ts'

const folder = join(import.meta.dirname, 'vectors')
const readVectors = (name: string): Json => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Json

interface Encoded {
  readonly codec: string
  readonly name: string
  readonly value?: unknown
  readonly bytes: string
}

interface EntryVector {
  readonly name: string
  readonly bytes: string
  readonly id: EntryId
  readonly fields: Pick<Entry, 'type' | 'tag' | 'log' | 'seq' | 'previous' | 'device' | 'clock' | 'frontier' | 'sealing' | 'op'>
  readonly signature: Uint8Array
  readonly changes?: readonly Change[]
  readonly epochSecret?: Uint8Array
}
interface HistoryVectors {
  readonly mesh: MeshId
  readonly parties: readonly PartySecrets[]
  readonly epochs: readonly { readonly epoch: EntryId; readonly secret: Uint8Array }[]
  readonly message: { readonly id: string; readonly replyTo: string }
  readonly entries: readonly EntryVector[]
}
const { mesh, parties: secrets, epochs, message, entries } = fromJson(readVectors('history')) as HistoryVectors
const parties = Object.fromEntries(secrets.map((one) => [one.name, partyOf(one)])) as Record<string, Party>
const party = (name: string): Party => parties[name]!
const named = (name: string): EntryVector => entries.find((entry) => entry.name === name)!

// What SPEC.md says of hashes and keys, without our own functions.
const padded = (domain: string): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (i < domain.length ? domain.charCodeAt(i) : 0))
const join2 = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))
const hash = (domain: string, bytes: Uint8Array): Uint8Array => sodium.crypto_generichash(32, bytes, padded(domain))
const derived = (domain: string, secret: Uint8Array, context: Uint8Array = new Uint8Array()): Uint8Array => sodium.crypto_generichash(32, join2(padded(domain), context), secret)

test('T10: this version still makes every golden vector, byte for byte', () => {
  const made = vectors()
  expect(readdirSync(folder).sort()).toEqual(Object.keys(made).map((name) => `${name}.json`).sort())
  for (const [name, content] of Object.entries(made)) expect(content, `${name}`).toEqual(readVectors(name))
})

test('T10: every encoding decodes to its value, re-encodes to its bytes, and is refused with a byte more or less', () => {
  for (const { codec, name, value, bytes: hex } of [...['encodings', 'documents', 'policies', 'wrong-keys', 'checkpoints'].flatMap((file) => fromJson(readVectors(file)) as Encoded[]), ...['blobs', 'recovery', 'approval', 'device-links'].flatMap((file) => (fromJson(readVectors(file)) as { encodings: Encoded[] }).encodings)]) {
    const coding = codecs[codec]!
    const bytes = fromHex(hex)
    const read = coding.decode(bytes)
    expect(read, `${codec}: ${name}`).toEqual({ ok: true, value })
    expect(toHex(coding.encode(value)), `${codec}: ${name}`).toBe(hex)
    expect(coding.decode(bytes.subarray(0, -1)).ok, `${codec}: ${name}, cut`).toBe(false)
    expect(coding.decode(join2(bytes, Uint8Array.of(0))).ok, `${codec}: ${name}, longer`).toBe(false)
  }
})

test('T10: names, domains, kinds and the limits of the format are what they were', () => {
  const settled = fromJson(readVectors('settled')) as { protocols: unknown; limits: Record<string, number>; domains: { use: string; name: string; padded: Uint8Array; hashOfABC: Uint8Array; derivedFrom7: Uint8Array }[] }
  expect(protocols).toMatchObject(settled.protocols as object)
  expect(limits).toMatchObject(settled.limits)
  expect(domains).toMatchObject(Object.fromEntries(settled.domains.map(({ use, name }) => [use, name])))
  expect(new Set(Object.values(domains)).size).toBe(Object.keys(domains).length)
  for (const { name, padded: key, hashOfABC, derivedFrom7 } of settled.domains) {
    expect(name.length, `${name}`).toBeLessThanOrEqual(32)
    expect([toHex(key), toHex(hashOfABC), toHex(derivedFrom7)], `${name}`).toEqual([toHex(padded(name)), toHex(hash(name, new TextEncoder().encode('abc'))), toHex(derived(name, new Uint8Array(32).fill(7), new Uint8Array(5).fill(8)))])
  }
  expect(kinds).toMatchObject({ set: 1, delete: 2, sealed: 3, message: 4, receipt: 5, horizon: 16, checkpoint: 17, blobTree: 18, yjsUpdate: 19, automergeChanges: 20, treeMove: 21, claim: 22, schedule: 23, statement: 24 })
})

test.each(entries.map((entry) => [entry.name, entry] as const))('T2 T10: entry: %s', (name, { bytes: hex, id, fields, signature, changes, epochSecret }) => {
  const bytes = fromHex(hex)
  const read = readEntry(bytes)
  if (!read.ok) throw new Error(read.detail)
  const { entry } = read
  const signedFor = name === 'found' ? noMesh : mesh
  expect(toJson(Object.fromEntries(Object.keys(fields).map((key) => [key, entry[key as keyof Entry]])))).toEqual(toJson(fields))
  expect(Object.keys(entry).filter((key) => entry[key as keyof Entry] !== undefined && key in entry).toSorted()).toEqual([...Object.keys(fields), 'version', 'id', 'bytes', 'headerBytes', 'body', 'signature'].toSorted())
  expect([entry.id, toHex(entry.signature)]).toEqual([id, toHex(signature)])
  expect(toHex(hash('atoll/entry-id/v1', bytes))).toBe(id)
  expect(verifyEntry(signedFor, entry, verify)).toBe(true)
  expect(sodium.crypto_sign_verify_detached(signature, join2(padded('atoll/entry/v1'), fromHex(signedFor), bytes.subarray(0, -64)), fromHex(entry.device))).toBe(true)
  expect(verifyEntry('ab'.repeat(32), entry, verify)).toBe(false)
  expect(entry.seq > 1 || logIds.isOf(entry.log, entry.device)).toBe(true)
  const op = entry.op && decodeOp(entry.op)
  expect(op?.ok ? encodeOp(op.value) : undefined).toEqual(entry.op)
  if (!changes) return
  const plain = open(derived('atoll/body-key/v1', epochSecret!), entry.sealing!.nonce, entry.body, entry.headerBytes)!
  const body = decodeBody(plain)
  expect(body).toEqual({ ok: true, value: changes })
  expect(toHex(encodeBody(changes))).toBe(toHex(plain))
})

test('T3 T10: every membership operation of the golden history is allowed, and is read as it was', () => {
  const membership = new Membership(mesh, verify)
  const seen = new Set<string>()
  for (const { bytes, fields, name } of entries) {
    if (!fields.op) continue
    const op = decodeOp(fields.op)
    if (!op.ok) throw new Error(op.detail)
    seen.add(op.value.type)
    const entry = readEntry(fromHex(bytes))
    if (!entry.ok) throw new Error(entry.detail)
    const parents = [...new Set([...(fields.frontier ?? []), ...(fields.seq > 1 ? [fields.previous!] : [])])]
    expect(membership.add({ id: entry.entry.id, log: fields.log, seq: fields.seq, device: fields.device, parents, op: op.value, ms: fields.clock.ms }), `${name}`).toBeUndefined()
  }
  expect([...seen].toSorted()).toEqual(['admit', 'close', 'found', 'horizon', 'invite', 'leave', 'link', 'policy', 'promote', 'remove', 'removeDevice', 'reseal', 'rotate', 'share'])
  const now = membership.now()
  expect(now.members().map(({ id, role, status, devices }) => ({ id, role, status, devices }))).toEqual([
    { id: party('alice').member, role: 'owner', status: 'active', devices: [party('alice').identity.device] },
    { id: party('bob').member, role: 'admin', status: 'active', devices: [party('bob').identity.device] },
    { id: party('carol').member, role: 'member', status: 'left', devices: [] },
    { id: party('dave').member, role: 'service', status: 'removed', devices: [] },
  ])
  expect(now.epochs()).toEqual([epochs[1]!.epoch])
  expect(now.sealingKey(party('bob').identity.device)).toBe(party('resealed').identity.sealing.publicKey)
})

test.each([['rotate', ['alice', 'second', 'third', 'bob', 'carol'], 0], ['share', ['dave'], 0], ['rotate after removals', ['alice', 'resealed'], 1]] as const)('T6 T10: %s hands its key to exactly its recipients', (name, to, at) => {
  const op = decodeOp(named(name).fields.op!)
  if (!op.ok) throw new Error(op.detail)
  const { secret } = epochs[at]!
  const commitment = hash('atoll/epoch-commitment/v1', secret)
  expect(op.value).toMatchObject(op.value.type === 'rotate' ? { commitment } : { epoch: epochs[at]!.epoch })
  const given = op.value as OpOf<'rotate'>
  expect(given.recipients.map(({ device }) => device)).toEqual(to.map((who) => party(who).identity.device).toSorted())
  for (const who of to) expect(new Keyring(mesh, party(who).identity).unwrap(given, commitment), `${who}`).toEqual(secret)
  for (const who of Object.keys(parties).filter((one) => !to.some((recipient) => party(recipient).identity.device === party(one).identity.device))) expect(new Keyring(mesh, party(who).identity).unwrap(given, commitment), `${who}`).toBeUndefined()
})

test('T10: the golden envelope opens for its recipients and for nobody else', () => {
  const { payload } = named('envelope').changes![0]!
  const author = party('bob').identity.device
  const openFor = (who: string, as = author, certified = true): readonly Change[] | undefined => openChanges(payload, mesh, as, party(who).identity.device, party(who).identity.wrapper, () => certified)
  for (const who of ['alice', 'carol']) expect(openFor(who), `${who}`).toMatchObject([{ kind: kinds.set, doc: 'state', deps: [] }])
  for (const who of ['second', 'third', 'resealed', 'dave']) expect(openFor(who), `${who}`).toBeUndefined()
  expect(openFor('alice', party('dave').identity.device)).toBeUndefined()
  expect(openFor('alice', author, false)).toBeUndefined()
})

test('C5 D3: a device that reads the golden history comes to the golden state, and again when it folds anew', async () => {
  const runtime = new VirtualRuntime({ seed: 1, turn: () => new Promise((done) => setImmediate(done)) })
  const store = createMemoryStore()
  const replica = openReplica(store, runtime)
  for (const { bytes, name } of entries) expect(await runtime.resolve(replica.receive([fromHex(bytes)]), 1000), `${name}`).toMatchObject({ placed: 1, problem: undefined, refused: undefined })
  expectGoldenState(store, 'folded')
  await runtime.resolve(replica.rebuild(), 1000)
  expectGoldenState(store, 'refolded')
  // What it holds it passes on as it came, unknown kinds and all.
  for (const { fields } of entries) expect(replica.readRun(fields.log, 0, 1 << 20).map(toHex)).toEqual(entries.filter((other) => other.fields.log === fields.log).map(({ bytes }) => bytes))
})

interface Derivations {
  readonly meshTag: { mesh: MeshId; tag: Uint8Array }
  readonly logId: { device: DeviceId; random: Uint8Array; id: LogId }
  readonly messageId: { device: DeviceId; random: Uint8Array; id: string }
  readonly syncTag: { mesh: MeshId; from: DeviceId; to: DeviceId; nonceOfFrom: Uint8Array; nonceOfTo: Uint8Array; tag: Uint8Array }
  readonly joinTranscript: { mesh: MeshId; joiner: DeviceId; member: DeviceId; joinerNonce: Uint8Array; memberNonce: Uint8Array; transcript: Uint8Array }
  readonly joinClaim: { transcript: Uint8Array; signature: Uint8Array }
  readonly inviteKey: { secret: Uint8Array; seed: Uint8Array; publicKey: string }
  readonly rendezvousCode: { invite: string; mesh: EntryId; code: Uint8Array }
  readonly meshCode: { mesh: MeshId; code: Uint8Array }
  readonly headsDigest: { heads: readonly HeadPoint[]; digest: Uint8Array }
  readonly epoch: Record<'secret' | 'commitment' | 'bodyKey' | 'whisperKey', Uint8Array>
  readonly wrap: { from: string; to: string; key: Uint8Array; nonce: Uint8Array; context: Uint8Array; wrapped: Uint8Array }
  readonly whisper: { mesh: MeshId; by: string; header: { epoch: EntryId; boot: Uint8Array; counter: number; nonce: Uint8Array }; key: Uint8Array; plain: Uint8Array; frame: Uint8Array }
  readonly links: readonly { link: InviteLink; page?: string; text: string }[]
}
const d = fromJson(readVectors('derivations')) as Derivations

test('T10: tags, ids, codes and digests follow from the rules', () => {
  const tail = (domain: string, { device, random }: { device: string; random: Uint8Array }): string => toHex(random) + toHex(hash(domain, join2(fromHex(device), random)).subarray(0, 10))
  expect([toHex(meshTag(d.meshTag.mesh)), toHex(hash('atoll/mesh-tag/v1', fromHex(d.meshTag.mesh)).subarray(0, 8))]).toEqual([toHex(d.meshTag.tag), toHex(d.meshTag.tag)])
  expect([logIds.make(d.logId.device, d.logId.random), tail('atoll/log-id/v1', d.logId)]).toEqual([d.logId.id, d.logId.id])
  expect([messageIds.make(d.messageId.device, d.messageId.random), tail('atoll/message-id/v1', d.messageId)]).toEqual([d.messageId.id, d.messageId.id])
  const s = d.syncTag
  expect(syncTag(s.mesh, s.from, s.to, s.nonceOfFrom, s.nonceOfTo)).toEqual(s.tag)
  expect(derived('atoll/sync-tag/v1', fromHex(s.mesh), join2(fromHex(s.from), fromHex(s.to), s.nonceOfFrom, s.nonceOfTo))).toEqual(s.tag)
  expect([meshOfTag(s.tag, ['ab'.repeat(32) as MeshId, s.mesh], s.from, s.to, s.nonceOfFrom, s.nonceOfTo), meshOfTag(s.tag, [s.mesh], s.to, s.from, s.nonceOfTo, s.nonceOfFrom)]).toEqual([s.mesh, undefined])
  const t = d.joinTranscript
  expect(transcriptOf(t.mesh, t.joiner, t.member, t.joinerNonce, t.memberNonce)).toEqual(t.transcript)
  expect(hash('atoll/join-transcript/v1', join2(fromHex(t.mesh), fromHex(t.joiner), fromHex(t.member), t.joinerNonce, t.memberNonce))).toEqual(t.transcript)
  expect(verify(domains.inviteChannel, mesh, d.joinClaim.transcript, d.joinClaim.signature, d.inviteKey.publicKey)).toBe(true)
  expect(inviteKey(d.inviteKey.secret)).toEqual({ publicKey: d.inviteKey.publicKey, seed: d.inviteKey.seed })
  expect(derived('atoll/invite-key/v1', d.inviteKey.secret)).toEqual(d.inviteKey.seed)
  const r = d.rendezvousCode
  expect([inviteCode(r.invite, r.mesh), derived('atoll/rendezvous-code/v1', fromHex(r.invite), fromHex(r.mesh))]).toEqual([r.code, r.code])
  expect(derived('atoll/mesh-code/v1', fromHex(d.meshCode.mesh))).toEqual(d.meshCode.code)
  const [nine, five] = d.headsDigest.heads as [HeadPoint, HeadPoint]
  expect(headsDigest(d.headsDigest.heads.toReversed())).toEqual(d.headsDigest.digest)
  expect(hash('atoll/heads-digest/v1', join2(Uint8Array.of(2), fromHex(five.log), Uint8Array.of(1), fromHex(five.id), fromHex(nine.log), Uint8Array.of(0xac, 2), fromHex(nine.id)))).toEqual(d.headsDigest.digest)
})

test('T6 T10: epochs, wraps and whispers follow from the rules, and open', () => {
  const { secret, commitment, bodyKey, whisperKey } = d.epoch
  expect([hash('atoll/epoch-commitment/v1', secret), derived('atoll/body-key/v1', secret), derived('atoll/whisper-key/v1', secret)]).toEqual([commitment, bodyKey, whisperKey])
  const [from, to] = [party(d.wrap.from).identity, party(d.wrap.to).identity]
  expect(to.wrapper.unwrap(d.wrap.wrapped, from.sealing.publicKey, d.wrap.context)).toEqual(d.wrap.key)
  expect(from.wrapper.unwrap(d.wrap.wrapped, to.sealing.publicKey, d.wrap.context)).toBeUndefined()
  const shared = sodium.crypto_scalarmult(to.sealing.secretKey, fromHex(from.sealing.publicKey))
  const wrapping = derived('atoll/wrap-key/v1', shared, join2(fromHex(from.sealing.publicKey), fromHex(to.sealing.publicKey)))
  expect(join2(d.wrap.nonce, sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(d.wrap.key, d.wrap.context, null, d.wrap.nonce, wrapping))).toEqual(d.wrap.wrapped)
  const { frame, header, key, plain, by } = d.whisper
  const { device } = party(by).identity
  expect(openWhisper(mesh, frame, (epoch) => (epoch === header.epoch ? key : undefined), verify)).toEqual({ ...header, device, plain })
  expect(openWhisper('ab'.repeat(32) as MeshId, frame, () => key, verify)).toBeUndefined()
  expect(openWhisper(mesh, frame, () => undefined, verify)).toBeUndefined()
  for (const at of [3, 100, frame.length - 1]) expect(openWhisper(mesh, frame.with(at, frame[at]! ^ 1), () => key, verify)).toBeUndefined()
})

test('T10: chunks of files are cut, sealed and named as they were', () => {
  const { chunk, cuts, domains: names, fileKey } = fromJson(readVectors('blobs')) as { chunk: { key: Uint8Array; plain: Uint8Array; ref: { id: string; hash: Uint8Array }; sealed: Uint8Array }; cuts: { ends: number[] }; domains: { use: keyof typeof domains; name: string }[]; fileKey: { epochSecret: Uint8Array; key: Uint8Array } }
  for (const { use, name } of names) expect(domains[use]).toBe(name)
  const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
  expect(chunk.ref.hash).toEqual(sha256(chunk.plain))
  expect(chunk.ref.id).toBe(toHex(sha256(chunk.sealed)))
  expect(sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, chunk.sealed, null, new Uint8Array(12), derived('atoll/chunk-key/v1', chunk.key, chunk.ref.hash))).toEqual(chunk.plain)
  expect(derived('atoll/file-key/v1', fileKey.epochSecret)).toEqual(fileKey.key)
  expect(cuts.ends.length).toBeGreaterThan(10)
})

test('T10: both forms of an invite link are read as they were', () => {
  for (const { link, page, text } of d.links) {
    expect(parseLink(text)).toEqual({ ok: true, link })
    expect(formatLink(link, page)).toBe(text)
    const whole = Buffer.from(text.replace(/^[^#]*[:#]/, ''), 'base64url')
    expect(whole[0]).toBe(1)
    expect(toHex(whole.subarray(-4))).toBe(toHex(hash('atoll/link-checksum/v1', whole.subarray(0, -4)).subarray(0, 4)))
  }
})

test('R2 R5 T10: a backup opens and paper words are read as they were, by SPEC.md alone', () => {
  const { backup, claim, paper, domains: names } = fromJson(readVectors('recovery')) as {
    backup: { passphrase: string; salt: Uint8Array; nonce: Uint8Array; cost: { passes: number; kibibytes: number; lanes: number }; content: Backup; file: Uint8Array }
    claim: { mesh: string; transcript: Uint8Array; signature: Uint8Array }
    paper: { root: Uint8Array; mesh: string; words: string[] }
    domains: { use: keyof typeof domains; name: string }[]
  }
  for (const { use, name } of names) expect(domains[use]).toBe(name)
  const { file, cost } = backup
  expect(openBackup(file, backup.passphrase)).toEqual({ ok: true, backup: backup.content })
  expect(openBackup(file, 'another')).toEqual({ ok: false, problem: 'passphrase' })
  expect(toHex(file.subarray(-16))).toBe(toHex(hash('atoll/backup-checksum/v1', file.subarray(0, -16)).subarray(0, 16)))
  const prefix = join2(new TextEncoder().encode('ATOLLBAK'), Uint8Array.of(1, cost.passes, cost.kibibytes, cost.lanes), backup.salt, backup.nonce)
  expect(toHex(file.subarray(0, prefix.length))).toBe(toHex(prefix))
  const key = argon2id(backup.passphrase.normalize('NFKC'), backup.salt, { t: cost.passes, m: cost.kibibytes, p: cost.lanes, dkLen: 32 })
  // Two bytes say how long the sealed body is.
  expect(open(key, backup.nonce, file.subarray(prefix.length + 2, -16), prefix)).toBeDefined()
  expect(sodium.crypto_sign_verify_detached(claim.signature, join2(padded('atoll/recovery-claim/v1'), fromHex(claim.mesh), claim.transcript), fromHex(party('alice').member))).toBe(true)
  expect(parsePaper(paper.words.join(' '))).toEqual([{ root: paper.root, mesh: paper.mesh, addresses: [] }])
})

test('C5: receipts and operations of later versions are refused as a whole, not half understood', () => {
  const receipt = fromHex((readVectors('encodings') as { codec: string; name: string; bytes: string }[]).find(({ codec, name }) => codec === 'receipt' && name === 'read')!.bytes)
  expect(decode(receiptPayload, receipt.with(0, 4))).toMatchObject({ ok: false, problem: 'bad_value' })
  const leave = encodeOp({ type: 'leave', grant: named('found').id } satisfies MemberOp)
  expect(decodeOp(leave.with(0, 15))).toMatchObject({ ok: false, problem: 'bad_value' })
})

test.each(readdirSync(join(import.meta.dirname, 'stores')))('C5 D3: a store that an earlier version wrote (%s) is taken over, and folds to the golden state', async (file) => {
  const home = mkdtempSync(join(tmpdir(), 'atoll-golden-'))
  const path = join(home, 'mesh.db')
  writeFileSync(path, gunzipSync(readFileSync(join(import.meta.dirname, 'stores', file))))
  const runtime = new VirtualRuntime({ seed: 1, turn: () => new Promise((done) => setImmediate(done)) })
  for (const round of ['taken over', 'opened again']) {
    const replica = openReplica(openSqliteStore({ path }), runtime)
    expectGoldenState(replica.store, round)
    await runtime.resolve(replica.close(), 1000)
  }
  rmSync(home, { recursive: true })
})

function openReplica(store: MeshStore, runtime: VirtualRuntime): Replica {
  return new Replica({ mesh, identity: party('alice').identity, store, runtime, verify, witness: noWitness, log: silentLog })
}

/** What the golden history says, as every version must read it. */
function expectGoldenState(store: MeshStore, when: string): void {
  const shown = (doc: string, key: string): unknown[] => readRegister(store, doc, key).map(({ deleted, value }) => (deleted ? 'deleted' : (JSON.parse(value) as unknown)))
  const log = named('content with frontier').fields.log
  expect(Object.fromEntries(['color', 'gone', 'secret', 'after', 'dave', 'beyond'].map((key) => [key, shown('state', key)])), `${when}`).toEqual({ color: ['red'], gone: ['deleted'], secret: [42], after: ['the unknown'], dave: ['stands'], beyond: [] })
  expect(shown('memory', 'note 1'), `${when}`).toEqual([{ text: 'ünïcode 🪸', tags: ['reef'] }])
  expect(readMessage(store, message.id), `${when}`).toMatchObject({ device: party('bob').identity.device, log, seq: 2, message: { ...message, session: 'left pane', priority: 'now', text: 'hello\n"reef"' } })
  expect(store.scan('message', { limit: 9 }).map(([key]) => idOfMessageKey(key)), `${when}`).toEqual([message.id])
  expect((['reached', 'shown', 'read'] as const).map((state) => receiptMark(store, log, party('carol').identity.device, state)), `${when}`).toEqual([3, 2, 2])
}

test('I1 T10: the number of who asks to be let in is what SPEC.md says', () => {
  const { domain, numbers } = fromJson(readVectors('approval')) as { domain: string; numbers: { mesh: MeshId; member: MemberId; device: DeviceId; number: string }[] }
  for (const { mesh: of, member, device, number } of numbers) expect(thirtyDigits(domain, join2(fromHex(of), fromHex(member), fromHex(device)))).toBe(number)
})

function thirtyDigits(domain: string, seed: Uint8Array): string {
  let state = hash(domain, seed)
  for (let round = 0; round < 16_384; round++) state = hash(domain, join2(state, seed))
  return [0, 5, 10, 15, 20, 25].map((at) => (BigInt(`0x${toHex(state.slice(at, at + 5))}`) % 100_000n).toString().padStart(5, '0')).join('')
}

test('T10 G2: whispers for some devices open for them alone, and say nothing of anybody outside', () => {
  const { domain, whisper, keys } = fromJson(readVectors('grants')) as { domain: string; whisper: { mesh: MeshId; by: string; to: string[]; boot: Uint8Array; counter: number; plain: Uint8Array; frame: Uint8Array }; keys: { member: string; subject: string; what: string; key: string }[] }
  const { frame, boot, counter, plain } = whisper
  const open = (by: string, bytes = frame, of = whisper.mesh): unknown => openWhisperTo(of, bytes, party(by).identity.wrapper, verify)
  const { device } = party(whisper.by).identity
  for (const to of whisper.to) expect(open(to)).toEqual({ device, boot, counter, plain })
  for (const other of ['alice', 'dave']) expect(open(other)).toBeUndefined()
  expect(open('bob', frame, 'ab'.repeat(32) as MeshId)).toBeUndefined()
  for (let at = 0; at < frame.length; at += 7) expect(open('carol', frame.with(at, frame[at]! ^ 1)), `byte ${at}`).toBeUndefined()
  expect(isWhisperToSome(frame)).toBe(true)
  expect(new TextDecoder().decode(frame.slice(0, domain.length))).toBe(domain)
  for (const name of ['alice', 'bob', 'carol']) for (const id of [party(name).identity.device, party(name).identity.sealing.publicKey]) expect(toHex(frame)).not.toContain(id)
  for (const { member, subject, what, key } of keys) expect(key).toBe(`${member}/${subject}/${what}`)
})

test('T10 T11: safety numbers are what SPEC.md says', () => {
  const { domain, numbers } = fromJson(readVectors('safety-numbers')) as { domain: string; numbers: { mesh: MeshId; one: MemberId; other: MemberId; number: string }[] }
  for (const { mesh: of, one, other, number } of numbers) {
    expect(thirtyDigits(domain, join2(fromHex(of), ...[one, other].sort().map(fromHex)))).toBe(number)
  }
})

test('T10 L2: links for devices, commitments and short codes are what SPEC.md says', () => {
  const { domains: names, links, key, talk } = fromJson(readVectors('device-links')) as {
    domains: { use: keyof typeof domains; name: string }[]
    links: { link: DeviceLink; text: string }[]
    key: { secret: Uint8Array; seed: Uint8Array; publicKey: string; code: Uint8Array }
    talk: LinkTalkParts & { commitment: Uint8Array; transcript: Uint8Array; proof: Uint8Array; code: string }
  }
  for (const { use, name } of names) expect([domains[use], name.length <= 32]).toEqual([name, true])
  for (const { link, text } of links) expect(parseDeviceLink(text)).toEqual({ ok: true, link })
  expect([toHex(key.seed), toHex(key.code)]).toEqual([toHex(derived('atoll/device-link-key/v1', key.secret)), toHex(derived('atoll/device-link-code/v1', fromHex(key.publicKey)))])
  expect(toHex(talk.commitment)).toBe(toHex(hash('atoll/device-link-commit/v1', join2(fromHex(talk.newDevice), talk.newNonce))))
  expect(toHex(talk.transcript)).toBe(toHex(hash('atoll/device-link-transcript/v1', join2(fromHex(talk.link), fromHex(talk.newDevice), fromHex(talk.oldDevice), talk.newNonce, talk.oldNonce))))
  expect(verify(domains.deviceLinkChannel, noMesh, talk.transcript, talk.proof, talk.link)).toBe(true)
  expect(talk.code).toBe((BigInt(`0x${toHex(hash('atoll/short-code/v1', talk.transcript).subarray(0, 6))}`) % 1_000_000n).toString().padStart(6, '0'))
})

test('K1 T10: tokens, and the device that one is admitted with, are what SPEC.md says', () => {
  const { domains: names, tokens, firstDevice } = fromJson(readVectors('tokens')) as { domains: { use: keyof typeof domains; name: string }[]; tokens: { token: AccessToken; text: string }[]; firstDevice: { of: Uint8Array; seed: Uint8Array; sealingSecret: Uint8Array } }
  for (const { use, name } of names) expect(domains[use]).toBe(name)
  for (const { token, text } of tokens) expect(parseAccessToken(text)).toEqual({ ok: true, token })
  expect([toHex(firstDevice.seed), toHex(firstDevice.sealingSecret)]).toEqual([toHex(derived('atoll/token-device/v1', firstDevice.of)), toHex(derived('atoll/token-sealing/v1', firstDevice.of))])
})
