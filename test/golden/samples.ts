/** Values of every codec, to be written down with their bytes. */
import { deletePayload, kinds, messagePayload, receiptPayload, sealedPayload, setPayload, type MessagePayload } from '../../crdt/docs/change.ts'
import { encode, type TypeOf } from '../../crdt/wire/codec.ts'
import { toHex } from '../../crdt/wire/ids.ts'
import { decodeOp, type MemberOp } from '../../crdt/members/ops.ts'
import type { GoldenHistory } from './history.ts'
import { filled } from './values.ts'

const id = (value: number, length = 32): string => toHex(filled(value, length))

export interface Sample {
  readonly codec: string
  readonly name: string
  readonly value: unknown
}

/** The encoding's own rules, at their edges. */
const primitives: readonly Sample[] = [
  ...[0, 1, 127, 128, 255, 16_383, 16_384, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER].map((value) => ({ codec: 'uint', name: `${value}`, value })),
  ...[true, false].map((value) => ({ codec: 'bool', name: `${value}`, value })),
  { codec: 'fixed4', name: 'four bytes', value: Uint8Array.of(1, 2, 3, 4) },
  { codec: 'bytes', name: 'none', value: new Uint8Array() },
  { codec: 'bytes', name: '200 bytes', value: filled(7, 200) },
  { codec: 'text', name: 'none', value: '' },
  { codec: 'text', name: 'every width', value: 'aß€🪸\u0000\uFEFF' },
  { codec: 'listOfUint', name: 'none', value: [] },
  { codec: 'listOfUint', name: 'three', value: [3, 1, 300] },
  { codec: 'optionalText', name: 'nothing', value: undefined },
  { codec: 'optionalText', name: 'something', value: 'x' },
  { codec: 'idSet', name: 'ascending', value: ['0001', '00ff', 'ab00'] },
  { codec: 'entryId', name: 'an id', value: id(0xcd) },
]

const message = { id: id(9, 16), session: '', targets: [{ type: 'all' }], priority: 'low', replyTo: undefined, text: '' } as const satisfies MessagePayload
const targets = [{ type: 'member', member: id(3) }, { type: 'session', device: id(4), session: 's' }] as unknown as MessagePayload['targets']
const receipt = (state: 'reached' | 'shown' | 'read'): TypeOf<typeof receiptPayload> => ({ state, logs: [{ log: id(6, 16), seq: 300 }] }) as unknown as TypeOf<typeof receiptPayload>
const envelope = { sealer: id(1), commitment: filled(2), recipients: [{ device: id(3), key: filled(4, 72) }, { device: id(5), key: filled(6, 72) }], nonce: filled(7, 24), sealed: filled(8, 30) } as unknown as TypeOf<typeof sealedPayload>

/** Kinds that came after the first vectors were written have samples in files of their own. */
const { fileDelete: _later, wrongKey: _wrongKey, ...firstKinds } = kinds

const payloads: readonly Sample[] = [
  { codec: 'set', name: 'set', value: { key: 'k', value: '{"a":[1,null]}' } },
  { codec: 'delete', name: 'delete', value: { key: 'k' } },
  { codec: 'sealed', name: 'sealed', value: envelope },
  { codec: 'message', name: 'shortest', value: message },
  { codec: 'message', name: 'next, reply, every target', value: { ...message, session: 'me', targets: [...message.targets, ...targets], priority: 'next', replyTo: id(8, 16), text: 'hé' } },
  { codec: 'message', name: 'now', value: { ...message, priority: 'now' } },
  ...(['reached', 'shown', 'read'] as const).map((state) => ({ codec: 'receipt', name: state, value: receipt(state) })),
  { codec: 'body', name: 'no change', value: [] },
  {
    codec: 'body',
    name: 'every kind',
    value: Object.entries({ ...firstKinds, unknown: 77 }).map(([name, kind], i) => ({ kind, doc: name, deps: i % 3 === 0 ? [id(i), id(1)] : [], payload: payloadOf(name, i) })),
  },
]

function payloadOf(kind: string, i: number): Uint8Array {
  switch (kind) {
    case 'set': return encode(setPayload, { key: 'k', value: '1' })
    case 'delete': return encode(deletePayload, { key: 'k' })
    case 'sealed': return encode(sealedPayload, envelope)
    case 'message': return encode(messagePayload, message)
    case 'receipt': return encode(receiptPayload, receipt('read'))
    default: return filled(i, i)
  }
}

const head = (value: number, type: string, forked: boolean): unknown => ({ log: id(value, 16), type, device: id(value), seq: value, id: id(value + 1), forked })

const frames: readonly Sample[] = [
  { codec: 'sync', name: 'digest', value: { type: 'digest', digest: filled(1) } },
  { codec: 'sync', name: 'heads, all', value: { type: 'heads', all: true, heads: [head(1, 'content', false), head(200, 'membership', true)] } },
  { codec: 'sync', name: 'heads, news', value: { type: 'heads', all: false, heads: [] } },
  { codec: 'sync', name: 'want', value: { type: 'want', logs: [{ log: id(1, 16), after: 0 }, { log: id(2, 16), after: 1000 }] } },
  { codec: 'sync', name: 'entries', value: { type: 'entries', run: [filled(1, 3), filled(2, 130)] } },
  { codec: 'sync', name: 'credit', value: { type: 'credit', bytes: 65_536 } },
  { codec: 'sync', name: 'whisper', value: { type: 'whisper', bytes: filled(3, 20) } },
  { codec: 'sync', name: 'ping', value: { type: 'ping', token: 1 } },
  { codec: 'sync', name: 'pong', value: { type: 'pong', token: 128 } },
  { codec: 'sync', name: 'bye', value: { type: 'bye', code: 'silent' } },
  { codec: 'sync', name: 'fetch (reserved)', value: { type: 'fetch', ids: [id(1), id(2)] } },
  { codec: 'nonce', name: 'nonce', value: { nonce: filled(1) } },
  { codec: 'tag', name: 'tag', value: { tag: filled(2) } },
  { codec: 'join', name: 'hello', value: { type: 'hello', nonce: filled(1) } },
  { codec: 'join', name: 'challenge', value: { type: 'challenge', nonce: filled(2) } },
  { codec: 'join', name: 'claim', value: { type: 'claim', opened: id(3), proof: filled(4, 64) } },
  { codec: 'join', name: 'history', value: { type: 'history', run: [filled(5, 9)] } },
  { codec: 'join', name: 'historyEnd', value: { type: 'historyEnd' } },
  { codec: 'join', name: 'introduce', value: { type: 'introduce', member: id(6), rootProof: filled(7, 64), introduction: { device: id(8), sealingKey: id(9), sealingProof: filled(10, 64) }, proof: filled(11, 64) } },
  { codec: 'join', name: 'welcome', value: { type: 'welcome', admitted: id(12) } },
  { codec: 'join', name: 'refuse', value: { type: 'refuse', code: 'invite_expired', at: '2026-01-01T00:00:00.000Z' } },
  { codec: 'rendezvousRequest', name: 'stand', value: { type: 'stand', behind: [filled(1)], watch: [filled(1), filled(2)] } },
  { codec: 'rendezvousAnswer', name: 'peers', value: { type: 'peers', code: filled(1), peers: [filled(2, 38), filled(3, 38)] } },
  { codec: 'rendezvousAnswer', name: 'refused', value: { type: 'refused', reason: 'too_many_codes' } },
]

/** Every enumeration's every name, which the history does not use up. */
function operations(history: GoldenHistory): readonly Sample[] {
  const written = history.entries.flatMap(({ name, entry }): Sample[] => {
    const op = entry.op && decodeOp(entry.op)
    return op?.ok ? [{ codec: 'memberOp', name, value: op.value }] : []
  })
  const invite = written.find(({ name }) => name === 'invite')!.value as MemberOp
  const close = written.find(({ name }) => name === 'close')!.value as MemberOp
  const vary = (base: MemberOp, fields: Record<string, string>): Sample => ({ codec: 'memberOp', name: `${base.type} ${Object.values(fields).join()}`, value: { ...base, ...fields } })
  return [
    ...written,
    ...['mirror', 'guest', 'service', 'member', 'admin', 'owner'].map((role) => vary(invite, { role })),
    ...['none', 'since'].map((policy) => vary(invite, { history: policy })),
    vary(invite, { approval: 'steward' }),
    ...['spent', 'expired'].map((reason) => vary(close, { reason })),
  ]
}

export const samples = (history: GoldenHistory): readonly Sample[] => [...primitives, ...operations(history), ...payloads, ...frames]

/** What came with live documents. */
export const documentSamples: readonly Sample[] = [
  { codec: 'update', name: 'whole', value: { part: 0, of: 1, bytes: filled(1, 5) } },
  { codec: 'update', name: 'last of many parts', value: { part: 63, of: 64, bytes: filled(2, 300) } },
]

/** What came with policies: every name that they may say. */
export const policySamples: readonly Sample[] = [
  ...['state.write', 'memory.write', 'document.write', 'file.write', 'message.send'].map((permission) => ({ codec: 'policy', name: `deny ${permission}`, value: { type: 'except', member: id(3), permission, choice: 'deny' } })),
  ...['allow', 'default'].map((choice) => ({ codec: 'policy', name: `${choice} state.write`, value: { type: 'except', member: id(3), permission: 'state.write', choice } })),
  ...['name', 'title', 'bio', 'avatar', 'capabilities'].map((field) => ({ codec: 'policy', name: `${field} by stewards`, value: { type: 'profile', field, by: 'stewards' } })),
  { codec: 'policy', name: 'title by its member', value: { type: 'profile', field: 'title', by: 'self' } },
]

/** What is said of keys that do not fit. */
export const wrongKeySamples: readonly Sample[] = [{ codec: 'wrongKey', name: 'of a rotation', value: { by: id(5) } }]

/** What newcomers are told. */
export const checkpointSamples: readonly Sample[] = [
  { codec: 'checkpoint', name: 'begin', value: { type: 'begin', covers: [{ log: id(1, 16), seq: 300 }, { log: id(2, 16), seq: 0 }] } },
  { codec: 'checkpoint', name: 'a value', value: { type: 'register', key: 'k', heads: [id(3), id(4)], entry: id(3), value: '"v"' } },
  { codec: 'checkpoint', name: 'a deletion', value: { type: 'register', key: 'k', heads: [id(3)], entry: id(3), value: undefined } },
  { codec: 'checkpoint', name: 'a document', value: { type: 'document', heads: [id(5)], update: { part: 1, of: 2, bytes: filled(6, 9) } } },
  { codec: 'checkpoint', name: 'end', value: { type: 'end' } },
]
