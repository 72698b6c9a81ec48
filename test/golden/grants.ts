/** Whispers for some devices, and the keys under which grants stand. */
import { KeyWrapper, sealingPair } from '../../crdt/crypto/wrap.ts'
import { everyone, grantKey } from '../../crdt/docs/grants.ts'
import { sealWhisperTo } from '../../crdt/sync/whisper-to-some.ts'
import { domains } from '../../crdt/wire/protocols.ts'
import type { MeshId } from '../../crdt/wire/ids.ts'
import { filled, partyOf, partySecrets } from './values.ts'

export function grants(mesh: MeshId): unknown {
  const [alice, bob, carol] = [partyOf(partySecrets.alice), partyOf(partySecrets.bob), partyOf(partySecrets.carol)]
  const said = { boot: filled(1, 8), counter: 300, plain: filled(0x21, 11) }
  let drawn = 0x50
  const random = (length: number): Uint8Array => filled(drawn++, length)
  return {
    domain: domains.whisperToSome,
    whisper: { mesh, by: 'alice', to: ['bob', 'carol'], ...said, frame: sealWhisperTo(mesh, said, [bob, carol].map(({ identity }) => identity.sealing.publicKey), new KeyWrapper(sealingPair(filled(0x7b))), alice.identity.signing, random) },
    keys: [
      { member: alice.member, subject: bob.member, what: 'directory', key: grantKey(alice.member, bob.member, 'directory') },
      { member: alice.member, subject: everyone, what: 'message', key: grantKey(alice.member, everyone, 'message') },
      { member: bob.member, subject: alice.member, what: 'block', key: grantKey(bob.member, alice.member, 'block') },
    ],
  }
}
