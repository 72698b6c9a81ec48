/** What is hashed, derived, wrapped and signed outside entries: values with all that went into them. */
import { concat, derive, domainBytes, hasher } from '../../crdt/crypto/hash.ts'
import { sign } from '../../crdt/crypto/sign.ts'
import { messageIds } from '../../crdt/docs/messages.ts'
import { logIds, meshTag } from '../../crdt/log/entry.ts'
import { formatLink, inviteCode, inviteKey } from '../../crdt/members/link.ts'
import { headsDigest } from '../../crdt/sync/heads.ts'
import { syncTag } from '../../crdt/sync/handshake.ts'
import { sealWhisper } from '../../crdt/sync/whisper.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { domains, protocols } from '../../crdt/wire/protocols.ts'
import { fromHex, toHex, type EntryId, type LogId } from '../../crdt/wire/ids.ts'
import { transcriptOf } from '../../node/peer/join/frames.ts'
import type { GoldenHistory } from './history.ts'
import { filled, partyOf, partySecrets } from './values.ts'

const formatLimits = ['entryBytes', 'changesPerEntry', 'depsPerChange', 'docNameBytes', 'payloadBytes', 'clearOpBytes', 'frontierIds', 'recipients', 'recipientsPerEnvelope', 'pins', 'devicesPerGrant', 'keyBytes', 'valueBytes', 'messageBytes'] as const

/** What came after the first vectors were written stands in files of its own (blobs.ts, safety-numbers.ts, recovery.ts, approval.ts, grants.ts, device-links.ts, tokens.ts). */
const laterDomains: ReadonlySet<string> = new Set(['fileId', 'fileKey', 'chunkKey', 'gear', 'safetyNumber', 'backupChecksum', 'recoveryClaim', 'joinNumber', 'whisperToSome', 'deviceLinkChecksum', 'deviceLinkKey', 'deviceLinkCode', 'deviceLinkChannel', 'deviceLinkCommitment', 'deviceLinkTranscript', 'shortCode', 'tokenChecksum', 'tokenDevice', 'tokenSealing'])
const { blobs: _blobs, recover: _recover, device: _device, ...firstProtocols } = protocols

/** Names and numbers that are settled for good. */
export const settled = (): unknown => ({
  protocols: firstProtocols,
  domains: Object.entries(domains).filter(([use]) => !laterDomains.has(use)).map(([use, name]) => ({ use, name, padded: domainBytes(name), hashOfABC: hasher(name)(Uint8Array.of(0x61, 0x62, 0x63)), derivedFrom7: derive(name, filled(7), filled(8, 5)) })),
  limits: Object.fromEntries([...formatLimits, 'frameBytes' as const].map((name) => [name, limits[name]])),
})

/** Everything that is made with a key or a hash. */
export function derivations({ mesh, inviteSecret, entries, epochs }: GoldenHistory): unknown {
  const [alice, bob] = [partyOf(partySecrets.alice), partyOf(partySecrets.bob)]
  const [device, other] = [alice.identity.device, bob.identity.device]
  const [nonce, nonceOfOther] = [filled(1), filled(2)]
  const { epoch, secret } = epochs[0]!
  const key = inviteKey(inviteSecret)
  const opened = entries.find(({ name }) => name === 'invite')!.entry.id
  const context = concat(domainBytes(domains.epochWrap), fromHex(mesh), filled(3))
  const heads = [
    { log: toHex(filled(9, 16)) as LogId, seq: 300, id: toHex(filled(8)) as EntryId, forked: false },
    { log: toHex(filled(5, 16)) as LogId, seq: 1, id: toHex(filled(4)) as EntryId, forked: false },
    { log: toHex(filled(6, 16)) as LogId, seq: 2, id: toHex(filled(3)) as EntryId, forked: true },
  ]
  const link = { mesh: mesh as unknown as EntryId, inviter: other, opened, addresses: ['/dns4/relay.example/tcp/443/wss', '/ip4/192.0.2.1/tcp/4001'], secret: inviteSecret }
  const whisper = { epoch, boot: filled(1, 8), counter: 300, nonce: filled(2, 24) }
  return {
    meshTag: { mesh, tag: meshTag(mesh) },
    logId: { device, random: filled(5, 6), id: logIds.make(device, filled(5, 6)) },
    messageId: { device, random: filled(5, 6), id: messageIds.make(device, filled(5, 6)) },
    syncTag: { mesh, from: device, to: other, nonceOfFrom: nonce, nonceOfTo: nonceOfOther, tag: syncTag(mesh, device, other, nonce, nonceOfOther) },
    joinTranscript: { mesh, joiner: device, member: other, joinerNonce: nonce, memberNonce: nonceOfOther, transcript: transcriptOf(mesh, device, other, nonce, nonceOfOther) },
    joinClaim: { transcript: filled(6), signature: sign(domains.inviteChannel, mesh, filled(6), key) },
    inviteKey: { secret: inviteSecret, seed: key.seed, publicKey: key.publicKey },
    rendezvousCode: { invite: key.publicKey, mesh, code: inviteCode(key.publicKey, mesh as unknown as EntryId) },
    meshCode: { mesh, code: derive(domains.meshCode, fromHex(mesh)) },
    headsDigest: { heads, digest: headsDigest(heads) },
    epoch: { secret, commitment: hasher(domains.epochCommitment)(secret), bodyKey: derive(domains.bodyKey, secret), whisperKey: derive(domains.whisperKey, secret) },
    wrap: { from: 'alice', to: 'bob', key: filled(0x31), nonce: filled(0x32, 24), context, wrapped: alice.identity.wrapper.wrap(filled(0x31), bob.identity.sealing.publicKey, filled(0x32, 24), context)! },
    whisper: { mesh, by: 'alice', header: whisper, key: derive(domains.whisperKey, secret), plain: filled(0x21, 11), frame: sealWhisper(mesh, whisper, derive(domains.whisperKey, secret), filled(0x21, 11), alice.identity.signing) },
    links: [
      { link: { ...link, addresses: [] }, text: formatLink({ ...link, addresses: [] }) },
      { link, page: 'https://relay.example/i', text: formatLink(link, 'https://relay.example/i') },
    ],
  }
}

