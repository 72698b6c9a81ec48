/**
 * Rendezvous: how peers that share a secret find each other at a relay that knows neither the secret nor
 * what it is for. A client keeps one stream open, says which codes it stands behind and which it watches;
 * the relay answers with the peer ids that stand behind each watched code, now and whenever that changes.
 * A code is 32 bytes derived from a secret (an invite's, or a mesh's), so it names nobody.
 *
 * Frames travel behind their length as an unsigned varint, as libp2p's length-prefixed streams do.
 */
import { bytes, fixed, list, struct, text, variant, type TypeOf } from './codec.ts'
import { limits } from './limits.ts'

/** From a client: replaces what it stood behind and watched before. */
export const rendezvousRequest = variant({
  stand: [1, struct({ behind: list(fixed(32), limits.codesPerPeer), watch: list(fixed(32), limits.codesPerPeer) })],
})
export type RendezvousRequest = TypeOf<typeof rendezvousRequest>

/** From the relay: all who stand behind one watched code, without the asker, as peer ids in bytes; or a refusal. */
export const rendezvousAnswer = variant({
  peers: [1, struct({ code: fixed(32), peers: list(bytes(64), limits.peersPerCode) })],
  refused: [2, struct({ reason: text(64) })],
})
export type RendezvousAnswer = TypeOf<typeof rendezvousAnswer>
