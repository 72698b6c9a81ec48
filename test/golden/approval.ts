/** What a join says while an admin decides, and the number that both sides see. */
import { joinNumber } from '../../crdt/members/join-number.ts'
import { domains } from '../../crdt/wire/protocols.ts'
import { toHex, type MeshId } from '../../crdt/wire/ids.ts'
import { codecs } from './codecs.ts'
import type { Sample } from './samples.ts'
import { partyOf, partySecrets } from './values.ts'

const samples: readonly Sample[] = [
  { codec: 'join', name: 'waiting', value: { type: 'waiting' } },
  { codec: 'join', name: 'request', value: { type: 'request', name: 'Dïve 🪸' } },
  { codec: 'join', name: 'refuse by an admin', value: { type: 'refuse', code: 'join_refused', at: '' } },
]

export function approval(mesh: MeshId): unknown {
  const numbers = [partyOf(partySecrets.alice), partyOf(partySecrets.second), partyOf(partySecrets.bob)].map(({ member, identity: { device } }) => ({ mesh, member, device, number: joinNumber(mesh, member, device) }))
  return { domain: domains.joinNumber, encodings: samples.map(({ codec, name, value }) => ({ codec, name, value, bytes: toHex(codecs[codec]!.encode(value)) })), numbers }
}
