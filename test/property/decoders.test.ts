/** Everything that reads what peers send, fed with frames that were tampered with: it answers, and never throws. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verify } from '../../crdt/crypto/sign.ts'
import { openChanges, recipientsOf } from '../../crdt/docs/sealed.ts'
import { readEntry, verifyEntry } from '../../crdt/log/entry.ts'
import { SyncSession } from '../../crdt/sync/session.ts'
import { openWhisper } from '../../crdt/sync/whisper.ts'
import { openWhisperTo } from '../../crdt/sync/whisper-to-some.ts'
import { fromHex, toHex, type MeshId } from '../../crdt/wire/ids.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { codecs } from '../golden/codecs.ts'
import { partyOf, partySecrets } from '../golden/values.ts'
import { holds, patience } from './runs.ts'

const golden = <T>(name: string): T => JSON.parse(readFileSync(join(import.meta.dirname, '../golden/vectors', `${name}.json`), 'utf8')) as T
interface Encoded { readonly codec: string; readonly name: string; readonly bytes: string }
const encodings = [...golden<Encoded[]>('encodings'), ...['blobs', 'recovery', 'device-links'].flatMap((name) => golden<{ encodings: Encoded[] }>(name).encodings)]
const entries = golden<{ mesh: MeshId; entries: { bytes: string }[] }>('history')
const { whisper } = golden<{ whisper: { frame: { hex: string }; key: { hex: string } } }>('derivations')

/** Some of a sample's bytes changed, cut out or repeated. */
const damage = fc.array(fc.record({ at: fc.nat(), how: fc.constantFrom('set', 'cut', 'insert', 'repeat'), byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 0x7f, 0x80, 0xff)), length: fc.nat(6) }), { minLength: 1, maxLength: 4 })
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never

function damaged(sample: Uint8Array, by: Damage): Uint8Array {
  let bytes = [...sample]
  for (const { at, how, byte, length } of by) {
    const place = at % (bytes.length + 1)
    if (how === 'set') bytes[place] = byte
    else if (how === 'cut') bytes = [...bytes.slice(0, place), ...bytes.slice(place + length)]
    else if (how === 'insert') bytes.splice(place, 0, ...Array.from({ length }, () => byte))
    else bytes.splice(place, 0, ...bytes.slice(Math.max(0, place - length), place))
  }
  return Uint8Array.from(bytes)
}

test('T8 T10: no codec throws at what it is fed, and what it takes re-encodes to itself', patience, () => {
  holds(fc.property(fc.constantFrom(...encodings), damage, ({ codec, bytes }, by) => {
    const bad = damaged(fromHex(bytes), by)
    const read = codecs[codec]!.decode(bad)
    expect(read.ok ? toHex(codecs[codec]!.encode(read.value)) : typeof read.problem).toBe(read.ok ? toHex(bad) : 'string')
  }), 3000)
})

test('T2 T8: a tampered entry is refused by its shape or by its signature', patience, () => {
  holds(fc.property(fc.constantFrom(...entries.entries.slice(1)), damage, ({ bytes }, by) => {
    const bad = damaged(fromHex(bytes), by)
    fc.pre(toHex(bad) !== bytes)
    const read = readEntry(bad)
    expect(read.ok && verifyEntry(entries.mesh, read.entry, verify)).toBe(false)
  }), 1000)
})

test('T8: tampered whispers and envelopes open to nothing', patience, () => {
  const frame = fromHex(whisper.frame.hex)
  const envelope = fromHex(encodings.find(({ codec }) => codec === 'sealed')!.bytes)
  const { identity } = partyOf(partySecrets.alice)
  holds(fc.property(damage, (by) => {
    const bad = damaged(frame, by)
    fc.pre(toHex(bad) !== whisper.frame.hex)
    expect(openWhisper(entries.mesh, bad, () => fromHex(whisper.key.hex), verify)).toBeUndefined()
    const payload = damaged(envelope, by)
    expect(openChanges(payload, entries.mesh, identity.device, identity.device, identity.wrapper, () => true)).toBeUndefined()
    expect(recipientsOf(payload).length).toBeLessThanOrEqual(limits.recipientsPerEnvelope)
  }), 500)
})

test('T8: a tampered whisper for some opens to nothing', patience, () => {
  const { frame } = golden<{ whisper: { frame: { hex: string } } }>('grants').whisper
  const { identity } = partyOf(partySecrets.bob)
  holds(fc.property(damage, (by) => {
    const bad = damaged(fromHex(frame.hex), by)
    fc.pre(toHex(bad) !== frame.hex)
    expect(openWhisperTo(entries.mesh, bad, identity.wrapper, verify)).toBeUndefined()
  }), 500)
})

test('T8: a session survives or ends at any frame, and sends nothing that is malformed', patience, () => {
  const frames = encodings.filter(({ codec }) => codec === 'sync')
  holds(fc.property(fc.array(fc.tuple(fc.constantFrom(...frames), damage, fc.boolean()), { maxLength: 12 }), (all) => {
    const sent: Uint8Array[] = []
    const session = new SyncSession(
      partyOf(partySecrets.bob).identity.device,
      { logs: () => [], log: () => undefined, readRun: () => [], readAround: () => [], holds: () => false, receive: async () => ({ log: undefined, end: undefined, waiting: false, problem: undefined, missing: [], fork: false }), heldLonger: () => {}, standing: () => 'admitted' },
      { after: () => ({ [Symbol.dispose]: () => {} }), elapsed: () => 0, jitter: () => 0, sessions: () => 1, claim: () => true, release: () => {}, isDirect: () => false, hears: () => false, onWhisper: () => {}, onBytes: () => {}, onFault: () => {}, onProgress: () => {} },
      { send: (bytes) => void sent.push(bytes), close: () => {} },
    )
    session.start()
    for (const [{ bytes }, by, whole] of all) session.receive(whole ? fromHex(bytes) : damaged(fromHex(bytes), by))
    session.close('done')
    for (const bytes of sent) expect(codecs['sync']!.decode(bytes).ok).toBe(true)
  }), 300)
})
