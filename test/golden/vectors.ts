/** All golden vectors as this version makes them, by file name. */
import { toHex } from '../../crdt/wire/ids.ts'
import { approval } from './approval.ts'
import { blobs } from './blobs.ts'
import { codecs } from './codecs.ts'
import { derivations, settled } from './derivations.ts'
import { grants } from './grants.ts'
import { deviceLinks } from './device-links.ts'
import { goldenHistory, type GoldenEntry } from './history.ts'
import { recovery } from './recovery.ts'
import { documentSamples, policySamples, samples, checkpointSamples, wrongKeySamples, type Sample } from './samples.ts'
import { safetyNumbers } from './safety-numbers.ts'
import { tokens } from './tokens.ts'
import { partySecrets, toJson, type Json } from './values.ts'

/** Made anew at each call, the same each time. */
export function vectors(): Readonly<Record<string, Json>> {
  const history = goldenHistory()
  return {
    settled: toJson(settled()),
    encodings: toJson(samples(history).map(encoded)),
    documents: toJson(documentSamples.map(encoded)),
    policies: toJson(policySamples.map(encoded)),
    checkpoints: toJson(checkpointSamples.map(encoded)),
    'wrong-keys': toJson(wrongKeySamples.map(encoded)),
    blobs: toJson(blobs()),
    recovery: toJson(recovery()),
    'device-links': toJson(deviceLinks()),
    tokens: toJson(tokens()),
    derivations: toJson(derivations(history)),
    approval: toJson(approval(history.mesh)),
    'safety-numbers': toJson(safetyNumbers(history.mesh)),
    grants: toJson(grants(history.mesh)),
    history: toJson({ mesh: history.mesh, parties: Object.values(partySecrets), epochs: history.epochs, message: history.message, entries: history.entries.map(entryVector) }),
  }
}

const encoded = ({ codec, name, value }: Sample): unknown => ({ codec, name, value, bytes: toHex(codecs[codec]!.encode(value)) })

function entryVector({ name, entry, changes, epochSecret }: GoldenEntry): unknown {
  const { id, type, tag, log, seq, previous, device, clock, frontier, sealing, op, signature } = entry
  return { name, bytes: toHex(entry.bytes), id, fields: { type, tag, log, seq, previous, device, clock, frontier, sealing, op }, signature, changes, epochSecret }
}
