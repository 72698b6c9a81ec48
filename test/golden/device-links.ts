/** Links for devices, their codes, and the frames of a link, as vectors of their own. */
import { commitTo, deviceLinkCode, deviceLinkKey, formatDeviceLink, linkTranscript, proveDeviceLink, shortCode, type DeviceLink } from '../../crdt/members/device-link.ts'
import { domains, protocols } from '../../crdt/wire/protocols.ts'
import { toHex, type DeviceId } from '../../crdt/wire/ids.ts'
import { codecs } from './codecs.ts'
import type { Sample } from './samples.ts'
import { filled, partyOf, partySecrets } from './values.ts'

const id = <T extends string>(value: number): T => toHex(filled(value)) as T
const entry = filled(9, 40)

const samples: readonly Sample[] = [
  { codec: 'device', name: 'hello', value: { type: 'hello', link: filled(1), commitment: filled(2) } },
  { codec: 'device', name: 'challenge', value: { type: 'challenge', nonce: filled(3) } },
  { codec: 'device', name: 'claim', value: { type: 'claim', nonce: filled(4), proof: filled(5, 64), name: 'téléphone' } },
  { codec: 'device', name: 'accepted', value: { type: 'accepted', meshes: [id(6), id(7)] } },
  { codec: 'device', name: 'enter', value: { type: 'enter', mesh: id(6) } },
  { codec: 'device', name: 'history', value: { type: 'history', run: [entry, entry] } },
  { codec: 'device', name: 'history end', value: { type: 'historyEnd' } },
  { codec: 'device', name: 'introduce', value: { type: 'introduce', introduction: { device: id(8), sealingKey: id(9), sealingProof: filled(10, 64) }, consent: filled(11, 64) } },
  { codec: 'device', name: 'welcome', value: { type: 'welcome' } },
  { codec: 'device', name: 'done', value: { type: 'done' } },
  { codec: 'device', name: 'refuse', value: { type: 'refuse', code: 'device_link_closed' } },
]

export function deviceLinks(): unknown {
  const [old, fresh] = [partyOf(partySecrets.alice), partyOf(partySecrets.bob)]
  const secret = filled(0x21, 16)
  const key = deviceLinkKey(secret)
  const talk = { link: key.publicKey, newDevice: fresh.identity.device, oldDevice: old.identity.device, newNonce: filled(0x22), oldNonce: filled(0x23) }
  const transcript = linkTranscript(talk)
  const link = (addresses: readonly string[]): DeviceLink => ({ device: id<DeviceId>(0x24), addresses, secret })
  return {
    protocol: protocols.device,
    domains: (['deviceLinkChecksum', 'deviceLinkKey', 'deviceLinkCode', 'deviceLinkChannel', 'deviceLinkCommitment', 'deviceLinkTranscript', 'shortCode'] as const).map((use) => ({ use, name: domains[use] })),
    encodings: samples.map(({ codec, name, value }) => ({ codec, name, value, bytes: toHex(codecs[codec]!.encode(value)) })),
    links: [[], ['/dns4/relay.example/tcp/443/wss/p2p/x', '/ip4/192.0.2.1/tcp/4001']].map((addresses) => ({ link: link(addresses), text: formatDeviceLink(link(addresses)) })),
    key: { secret, seed: key.seed, publicKey: key.publicKey, code: deviceLinkCode(key.publicKey) },
    talk: { ...talk, commitment: commitTo(talk.newDevice, talk.newNonce), transcript, proof: proveDeviceLink(transcript, key), code: shortCode(transcript) },
  }
}
