/** Backups, paper words and the frames of a recovery, as vectors of their own. */
import { sign } from '../../crdt/crypto/sign.ts'
import type { Backup } from '../../crdt/recovery/backup.ts'
import { sealBackup } from '../../crdt/recovery/backup-file.ts'
import { domains, protocols } from '../../crdt/wire/protocols.ts'
import { toHex, type DeviceId, type EntryId } from '../../crdt/wire/ids.ts'
import { formatPaperWords } from '../../cli/recovery/paper-words.ts'
import { codecs } from './codecs.ts'
import type { Sample } from './samples.ts'
import { filled, partyOf, partySecrets } from './values.ts'

const id = <T extends string>(value: number): T => toHex(filled(value)) as T
const entry = filled(9, 40)

const samples: readonly Sample[] = [
  { codec: 'recovery', name: 'challenge', value: { type: 'challenge', nonce: filled(1) } },
  { codec: 'recovery', name: 'claim', value: { type: 'claim', member: id(2), nonce: filled(3), proof: filled(4, 64) } },
  { codec: 'recovery', name: 'history', value: { type: 'history', run: [entry, entry] } },
  { codec: 'recovery', name: 'history end', value: { type: 'historyEnd' } },
  { codec: 'recovery', name: 'link', value: { type: 'link', run: [entry] } },
  { codec: 'recovery', name: 'no link', value: { type: 'link', run: [] } },
  { codec: 'recovery', name: 'welcome', value: { type: 'welcome' } },
  { codec: 'recovery', name: 'refuse', value: { type: 'refuse', code: 'recovery_refused' } },
]

const backup: Backup = {
  made: 1_800_000_000_000,
  meshes: [
    { mesh: id<EntryId>(0x11), name: 'récif', memberName: 'Alice', root: filled(0x12), relays: ['/dns/relay.example/tcp/4001/p2p/x'], peers: [{ device: id<DeviceId>(0x13), addresses: ['/ip4/192.0.2.1/tcp/4001', '/ip6/2001:db8::1/tcp/4001'] }], frontier: [id<EntryId>(0x14), id<EntryId>(0x15)] },
    { mesh: id<EntryId>(0x16), name: 'atoll', memberName: 'alice', root: filled(0x17), relays: [], peers: [], frontier: [] },
  ],
}
const passphrase = 'a re\u0301cif, a ring'
const sealing = { salt: filled(0x21, 16), nonce: filled(0x22, 24), cost: { passes: 2, kibibytes: 64, lanes: 2 } }

export function recovery(): unknown {
  const { root } = partyOf(partySecrets.alice)
  return {
    protocol: protocols.recover,
    domains: (['backupChecksum', 'recoveryClaim'] as const).map((use) => ({ use, name: domains[use] })),
    encodings: samples.map(({ codec, name, value }) => ({ codec, name, value, bytes: toHex(codecs[codec]!.encode(value)) })),
    backup: { passphrase, ...sealing, content: backup, file: sealBackup(backup, { passphrase, ...sealing }) },
    claim: { mesh: id(0x31), transcript: filled(0x32), signature: sign(domains.recoveryClaim, id(0x31), filled(0x32), root) },
    paper: { root: filled(0x12), mesh: id(0x11), words: formatPaperWords({ root: filled(0x12), mesh: id<EntryId>(0x11) }) },
  }
}
