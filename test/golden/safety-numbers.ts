/** Safety numbers with all that goes into them. */
import { safetyNumber } from '../../crdt/members/safety-number.ts'
import { domains } from '../../crdt/wire/protocols.ts'
import type { MeshId } from '../../crdt/wire/ids.ts'
import { partyOf, partySecrets } from './values.ts'

export function safetyNumbers(mesh: MeshId): unknown {
  const [alice, bob] = [partyOf(partySecrets.alice).member, partyOf(partySecrets.bob).member]
  return { domain: domains.safetyNumber, numbers: [[alice, bob], [bob, alice], [alice, alice]].map(([one, other]) => ({ mesh, one, other, number: safetyNumber(mesh, one!, other!) })) }
}
