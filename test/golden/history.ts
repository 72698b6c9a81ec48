/** A small mesh from its founding on, with every membership operation and every kind of change in it. */
import { derive } from '../../crdt/crypto/hash.ts'
import { noMesh, signingPair } from '../../crdt/crypto/sign.ts'
import { deletePayload, encodeBody, kinds, messagePayload, receiptPayload, setPayload, type Change } from '../../crdt/docs/change.ts'
import { messageIds } from '../../crdt/docs/messages.ts'
import { sealChanges } from '../../crdt/docs/sealed.ts'
import { buildEntry, logIds, type Entry } from '../../crdt/log/entry.ts'
import { encodeOp, type Introduction, type MemberOp } from '../../crdt/members/ops.ts'
import { consentToLink, introduce, inviteProofBytes, proveInvite, proveRoot, proveRootLink, proveRootRemoval } from '../../crdt/members/proofs.ts'
import { encode } from '../../crdt/wire/codec.ts'
import type { EntryId, InviteId, LogId, MeshId } from '../../crdt/wire/ids.ts'
import { domains } from '../../crdt/wire/protocols.ts'
import { transcriptOf } from '../../node/peer/join/frames.ts'
import { Keyring } from '../../node/peer/replica/keyring.ts'
import { CountedBytes, filled, partyOf, partySecrets, type Party } from './values.ts'

/** An entry as it is written down. */
export interface GoldenEntry {
  readonly name: string
  readonly entry: Entry
  readonly op?: MemberOp
  readonly changes?: readonly Change[]
  readonly epochSecret?: Uint8Array
}

export interface GoldenHistory {
  readonly mesh: MeshId
  readonly inviteSecret: Uint8Array
  readonly entries: readonly GoldenEntry[]
  readonly epochs: readonly { readonly epoch: EntryId; readonly secret: Uint8Array }[]
  readonly message: { readonly id: string; readonly replyTo: string }
}

const parties = Object.fromEntries(Object.values(partySecrets).map((secrets) => [secrets.name, partyOf(secrets)])) as Record<keyof typeof partySecrets, Party>
const { alice, second, third, bob, resealed, carol, dave } = parties
const inviteSecret = filled(0x77, 16)
const introductionOf = ({ identity, member }: Party): Introduction => introduce(identity.signing, identity.sealing, member)

/** Makes all of it: the same bytes at every call. */
export function goldenHistory(): GoldenHistory {
  const random = new CountedBytes()
  const entries: GoldenEntry[] = []
  const heads = new Map<string, { log: LogId; seq: number; id: EntryId; frontier: string }>()
  const epochs: { epoch: EntryId; secret: Uint8Array }[] = []
  let mesh: MeshId | typeof noMesh = noMesh
  let newest: EntryId | undefined
  let ms = Date.UTC(2026, 0, 1)

  const place = (by: Party, type: 'content' | 'membership'): { log: LogId; seq: number; previous: EntryId | undefined } => {
    const head = heads.get(by.name + type)
    return head ? { log: head.log, seq: head.seq + 1, previous: head.id } : { log: logIds.make(by.identity.device, random.bytes(6)), seq: 1, previous: undefined }
  }
  const common = (by: Party, type: 'content' | 'membership') => ({ type, ...place(by, type), device: by.identity.device, clock: { ms: ms++, counter: entries.length % 3 } })

  function operate(name: string, by: Party, op: MemberOp): EntryId {
    const parts = common(by, 'membership')
    const entry = buildEntry(mesh, { ...parts, frontier: newest === undefined || newest === parts.previous ? undefined : [newest], op: encodeOp(op) }, by.identity.signing)
    if (mesh === noMesh) mesh = entry.id as unknown as MeshId
    heads.set(`${by.name}membership`, { log: entry.log, seq: entry.seq, id: entry.id, frontier: '' })
    newest = entry.id
    entries.push({ name, entry, op })
    return entry.id
  }

  function write(name: string, by: Party, changes: readonly Change[]): Entry {
    const { epoch, secret } = epochs.at(-1)!
    const known = heads.get(`${by.name}content`)?.frontier
    const parts = common(by, 'content')
    const sealed = { epoch, nonce: random.bytes(24), key: derive(domains.bodyKey, secret), plain: encodeBody(changes) }
    const entry = buildEntry(mesh, { ...parts, frontier: known === newest ? undefined : [newest!], op: undefined, sealed }, by.identity.signing)
    heads.set(`${by.name}content`, { log: entry.log, seq: entry.seq, id: entry.id, frontier: newest! })
    entries.push({ name, entry, changes, epochSecret: secret })
    return entry
  }

  const founded = operate('found', alice, { type: 'found', member: alice.member, rootProof: proveRoot(noMesh, alice.identity.device, alice.root), introduction: introductionOf(alice), history: 'all', salt: random.bytes(32) })
  const id = mesh as unknown as MeshId
  const admission = (who: Party): { member: Party['member']; rootProof: Uint8Array; introduction: Introduction } => ({ member: who.member, rootProof: proveRoot(id, who.identity.device, who.root), introduction: introductionOf(who) })
  const keyringOf = (by: Party): Keyring => new Keyring(id, by.identity)
  const everybody = (...who: Party[]) => who.map(({ identity }) => ({ device: identity.device, sealingKey: identity.sealing.publicKey })).sort((a, b) => (a.device < b.device ? -1 : 1))

  operate('admit', alice, { type: 'admit', grant: founded, role: 'member', ...admission(bob), invite: undefined })
  const promoted = operate('promote', alice, { type: 'promote', grant: founded, member: bob.member, role: 'admin', devices: [bob.identity.device] })
  const invite = signingPair(derive(domains.inviteKey, inviteSecret))
  const opened = operate('invite', bob, { type: 'invite', grant: promoted, invite: invite.publicKey as InviteId, role: 'member', uses: 2, expires: Date.UTC(2026, 1, 1), approval: 'none', history: 'all' })
  const transcript = transcriptOf(id, carol.identity.device, bob.identity.device, filled(0x11), filled(0x22))
  const proof = proveInvite(id, invite, inviteProofBytes(carol.member, carol.identity.device, bob.identity.device, opened, transcript))
  const carolsGrant = operate('admit by invite', bob, { type: 'admit', grant: promoted, role: 'member', ...admission(carol), invite: { opened, transcript, proof } })
  operate('link', alice, { type: 'link', grant: founded, introduction: introductionOf(second), consent: consentToLink(id, alice.member, alice.identity.device, second.identity.signing), rootProof: undefined })
  operate('link by root', third, { type: 'link', grant: founded, introduction: introductionOf(third), consent: consentToLink(id, alice.member, third.identity.device, third.identity.signing), rootProof: proveRootLink(id, third.identity.device, founded, alice.root) })
  const rotate = (name: string, by: Party, grant: EntryId, ...to: Party[]): EntryId => {
    const secret = random.bytes(32)
    const epoch = operate(name, by, { type: 'rotate', grant, ...keyringOf(by).rotation(secret, everybody(...to), random) })
    epochs.push({ epoch, secret })
    return epoch
  }
  const epoch = rotate('rotate', alice, founded, alice, second, third, bob, carol)
  operate('admit service', alice, { type: 'admit', grant: founded, role: 'service', ...admission(dave), invite: undefined })
  const handing = keyringOf(alice)
  handing.add(epoch, epochs[0]!.secret)
  operate('share', alice, { type: 'share', grant: founded, ...handing.sharing(epoch, everybody(dave), random)! })
  operate('close', bob, { type: 'close', grant: promoted, opened, reason: 'revoked' })
  operate('reseal', bob, { type: 'reseal', grant: promoted, introduction: introductionOf(resealed) })

  const set = (key: string, value: unknown, deps: readonly EntryId[] = [], doc = 'state'): Change => ({ kind: kinds.set, doc, deps, payload: encode(setPayload, { key, value: JSON.stringify(value) }) })
  const first = write('content with frontier', bob, [set('color', 'blue'), set('note 1', { text: 'ünïcode 🪸', tags: ['reef'] }, [], 'memory'), set('gone', true)])
  const message = { id: messageIds.make(bob.identity.device, random.bytes(6)), replyTo: messageIds.make(alice.identity.device, random.bytes(6)) }
  write('content without frontier', bob, [
    set('color', 'green', [first.id]),
    { kind: kinds.delete, doc: 'state', deps: [first.id], payload: encode(deletePayload, { key: 'gone' }) },
    { kind: kinds.message, doc: '', deps: [], payload: encode(messagePayload, { id: message.id, session: 'left pane', targets: [{ type: 'all' }, { type: 'member', member: alice.member }, { type: 'session', device: carol.identity.device, session: 'build' }], priority: 'now', replyTo: message.replyTo, text: 'hello\n"reef"' }) },
  ])
  const sealed = sealChanges([set('secret', 42)], everybody(alice, carol), id, bob.identity.device, resealed.identity.wrapper, (length) => random.bytes(length))
  write('envelope', bob, [sealed])
  const receipt = (state: 'reached' | 'shown' | 'read', seq: number): Change => ({ kind: kinds.receipt, doc: '', deps: [], payload: encode(receiptPayload, { state, logs: [{ log: first.log, seq }] }) })
  write('receipts', carol, [receipt('reached', 3), receipt('shown', 2), receipt('read', 2)])
  write('unknown kinds', carol, [...[16, 17, 18, 19, 20, 21, 22, 23, 24, 99, 2 ** 40].map((kind, i) => ({ kind, doc: `doc ${i}`, deps: i % 2 === 0 ? [] : [first.id], payload: filled(i, i * 3) })), set('after', 'the unknown')])
  const pinned = write('content up to the pin', dave, [set('dave', 'stands')])
  write('content beyond the pin', dave, [set('beyond', 'void')])

  operate('remove device', alice, { type: 'removeDevice', grant: founded, device: second.identity.device, pins: [], rootProof: undefined })
  const removal = { grant: founded, device: third.identity.device, pins: [{ log: first.log, seq: 1, id: first.id }] }
  operate('remove device by root', alice, { type: 'removeDevice', ...removal, rootProof: proveRootRemoval(id, { device: alice.identity.device, parents: [newest!] }, removal, alice.root) })
  operate('remove', alice, { type: 'remove', grant: founded, member: dave.member, pins: [{ log: pinned.log, seq: 1, id: pinned.id }] })
  operate('leave', carol, { type: 'leave', grant: carolsGrant })
  operate('horizon (reserved)', alice, { type: 'horizon', grant: founded, payload: filled(0xaa, 40) })
  operate('policy (reserved)', alice, { type: 'policy', grant: founded, payload: filled(0xbb, 9) })
  rotate('rotate after removals', alice, founded, alice, resealed)
  write('content under the new epoch', bob, [set('color', 'red')])
  return { mesh: id, inviteSecret, entries, epochs, message }
}
