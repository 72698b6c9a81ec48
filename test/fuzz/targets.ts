/** Everything that reads what a peer, a relay, a link or a file says: what it is given must be answered, never thrown at. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { readNode, TreeError } from '../../crdt/blobs/tree.ts'
import { concat, hasher } from '../../crdt/crypto/hash.ts'
import { verify } from '../../crdt/crypto/sign.ts'
import { openChanges, recipientsOf } from '../../crdt/docs/sealed.ts'
import { readEntry, readMoment, verifyEntry } from '../../crdt/log/entry.ts'
import { parseAccessToken } from '../../crdt/members/access-token.ts'
import { parseDeviceLink } from '../../crdt/members/device-link.ts'
import { formatLink, parseLink } from '../../crdt/members/link.ts'
import { fromBase64Url, toBase64Url } from '../../crdt/wire/token-text.ts'
import { decodeOp } from '../../crdt/members/ops.ts'
import { parseThirtyDigits } from '../../crdt/members/thirty-digits.ts'
import { openBackup } from '../../crdt/recovery/backup-file.ts'
import { openWhisper } from '../../crdt/sync/whisper.ts'
import { fromHex, toHex, type EntryId, type MeshId } from '../../crdt/wire/ids.ts'
import { domains } from '../../crdt/wire/protocols.ts'
import { readStunAnswer, readStunRequest, stunAnswer, stunRequest } from '../../crdt/wire/stun.ts'
import { parsePaper } from '../../cli/recovery/paper-words.ts'
import { readHopAnswer, readStopConnect, stopAnswer } from '../../node/host/libp2p/circuit-messages.ts'
import { FrameDecoder } from '../../node/host/libp2p/frame-decoder.ts'
import { applyBounded } from '../../node/peer/documents/bounded-update.ts'
import { parseNote } from '../../node/peer/replica/note-value.ts'
import { AtollError } from '../../node/ports/errors.ts'
import { hopReserved, readHopRequest, readStopStatus, stopConnect } from '../../relay/hop-messages.ts'
import { codecs } from '../golden/codecs.ts'
import { partyOf, partySecrets } from '../golden/values.ts'

export interface Target {
  readonly name: string
  readonly seeds: readonly Uint8Array[]
  /** Says what is wrong with the answer to an input, where something is; throws what must not be thrown. */
  readonly run: (input: Uint8Array) => string | undefined
}

interface Encoded { readonly codec: string; readonly bytes: string }
const golden = <T>(name: string): T => JSON.parse(readFileSync(join(import.meta.dirname, '../golden/vectors', `${name}.json`), 'utf8')) as T
const recovery = golden<{ encodings: Encoded[]; backup: { file: { hex: string } }; paper: { words: string[] } }>('recovery')
const encodings = [...golden<Encoded[]>('encodings'), ...golden<Encoded[]>('documents'), ...golden<{ encodings: Encoded[] }>('blobs').encodings, ...recovery.encodings]
const history = golden<{ mesh: MeshId; entries: { bytes: string }[] }>('history')
const { whisper } = golden<{ whisper: { frame: { hex: string }; key: { hex: string } } }>('derivations')
const { identity } = partyOf(partySecrets.alice)
const utf8 = new TextEncoder()
const [some] = history.entries as [{ bytes: string }]
const link = formatLink({ mesh: toHex(new Uint8Array(32)) as EntryId, inviter: identity.device, opened: toHex(new Uint8Array(32)) as EntryId, addresses: ['/dns4/relay.example/tcp/443/wss'], secret: fromHex(some.bytes).slice(0, 16) })
const words = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes)
const none = (): undefined => undefined
const id = new Uint8Array(12).fill(9)

/** What a codec takes must be the only encoding of what it means: two would be two hashes of one thing. */
const canonical = Object.entries(codecs).map(([name, codec]): Target => ({
  name: `codec ${name}`,
  seeds: [...encodings.filter((one) => one.codec === name).map(({ bytes }) => fromHex(bytes)), new Uint8Array()],
  run: (input) => {
    const read = codec.decode(input)
    if (!read.ok) return typeof read.problem === 'string' ? undefined : 'it is refused without a code'
    return toHex(codec.encode(read.value)) === toHex(input) ? undefined : 'it has another encoding'
  },
}))

export const targets: readonly Target[] = [
  ...canonical,
  {
    name: 'entry',
    seeds: history.entries.map(({ bytes }) => fromHex(bytes)),
    run: (input) => {
      const read = readEntry(input)
      readMoment(input)
      if (!read.ok) return undefined
      if (read.entry.op) decodeOp(read.entry.op)
      const known = history.entries.some(({ bytes }) => bytes === toHex(input))
      return !known && verifyEntry(history.mesh, read.entry, verify) ? 'a tampered entry verifies' : undefined
    },
  },
  {
    name: 'whisper',
    seeds: [fromHex(whisper.frame.hex)],
    run: (input) => (openWhisper(history.mesh, input, () => fromHex(whisper.key.hex), verify) && toHex(input) !== whisper.frame.hex ? 'a tampered whisper opens' : undefined),
  },
  {
    name: 'envelope',
    seeds: encodings.filter(({ codec }) => codec === 'sealed').map(({ bytes }) => fromHex(bytes)),
    run: (input) => {
      recipientsOf(input)
      return openChanges(input, history.mesh, identity.device, identity.device, identity.wrapper, () => true) && 'an envelope of nobody opens'
    },
  },
  { name: 'link', seeds: [utf8.encode(link), utf8.encode(link.replace('atoll:', 'https://relay.example/i#'))], run: (input) => (parseLink(words(input)), parseDeviceLink(words(input)), parseAccessToken(words(input)), parseThirtyDigits(words(input)), undefined) },
  {
    name: 'link with its checksum',
    seeds: [(fromBase64Url(link.slice('atoll:'.length)) as Uint8Array).subarray(0, -4)],
    run: (input) => {
      const text = `atoll:${toBase64Url(concat(input, hasher(domains.linkChecksum)(input).subarray(0, 4)))}`
      const read = parseLink(text)
      return read.ok && formatLink(read.link) !== text ? 'it has another form' : undefined
    },
  },
  { name: 'backup', seeds: [fromHex(recovery.backup.file.hex)], run: (input) => (openBackup(input, 'x').ok ? 'a backup of nobody opens' : undefined) },
  { name: 'paper words', seeds: [utf8.encode(recovery.paper.words.join(' ')), utf8.encode('# note\n/ip4/1.2.3.4/tcp/1')], run: (input) => expecting(AtollError, () => parsePaper(words(input))) },
  { name: 'tree node', seeds: [Uint8Array.of(1, 0)], run: (input) => expecting(TreeError, () => readNode(input, 1, { length: 1000 })) },
  { name: 'stun', seeds: [stunRequest(id), stunAnswer(id, { ip: Uint8Array.of(1, 2, 3, 4), port: 5 }), stunAnswer(id, { ip: new Uint8Array(16), port: 5 })], run: (input) => (readStunRequest(input), readStunAnswer(input, id), undefined) },
  {
    name: 'circuit',
    seeds: [hopReserved(1e12, [Uint8Array.of(4, 1, 2, 3, 4)]), stopConnect(new Uint8Array(38)), stopAnswer(100)],
    run: (input) => (readHopRequest(input), readStopStatus(input), readHopAnswer(input), readStopConnect(input), undefined),
  },
  {
    name: 'frames',
    seeds: [Uint8Array.of(3, 1, 2, 3, 0, 1, 9)],
    run: (input) => {
      let most = 0
      const decoder = new FrameDecoder(1000, (frame) => void (most = Math.max(most, frame.length)))
      for (let at = 0; at < input.length; at += 7) if (decoder.push(input.subarray(at, at + 7)) !== undefined) break
      return most > 1000 ? 'a frame is longer than allowed' : undefined
    },
  },
  { name: 'note', seeds: [utf8.encode('{"text":"a","tags":["b"]}')], run: (input) => (isJson(words(input)) && parseNote(words(input)), undefined) },
  {
    name: 'document',
    seeds: documents(),
    run: (input) => {
      const doc = new Y.Doc()
      applyBounded(doc, input)
      const parts = [...doc.store.clients.values()].reduce((sum, structs) => sum + structs.length, 0)
      return parts > input.length + 1024 ? 'it stands for more than it can hold' : undefined
    },
  },
  { name: 'cursors', seeds: [cursors()], run: (input) => expecting(Error, () => withAwareness((awareness) => applyAwarenessUpdate(awareness, input, null))) },
]

/** The fold takes nothing else as a value. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Runs something that may fail with one kind of error only. */
function expecting(kind: abstract new (...args: never[]) => Error, work: () => unknown): undefined {
  try {
    work()
  } catch (error) {
    if (!(error instanceof kind)) throw error
  }
  return none()
}

function withAwareness(work: (awareness: Awareness) => void): void {
  const awareness = new Awareness(new Y.Doc())
  try {
    work(awareness)
  } finally {
    awareness.destroy()
  }
}

function documents(): readonly Uint8Array[] {
  const doc = new Y.Doc()
  doc.clientID = 1
  doc.getText('t').insert(0, 'a few words')
  doc.getText('t').format(2, 3, { bold: true })
  doc.getMap('m').set('k', [1, 'two', { three: null }])
  const nested = new Y.XmlElement('p')
  doc.getXmlFragment('x').insert(0, [nested])
  doc.getText('t').delete(1, 4)
  return [Y.encodeStateAsUpdateV2(doc), Y.encodeStateAsUpdateV2(new Y.Doc())]
}

function cursors(): Uint8Array {
  let update: Uint8Array = new Uint8Array()
  withAwareness((awareness) => {
    awareness.setLocalState({ cursor: 1, user: { name: 'alice' } })
    update = encodeAwarenessUpdate(awareness, [awareness.clientID])
  })
  return update
}
