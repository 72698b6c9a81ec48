import { renderUnicodeCompact } from 'uqr'
import { safetyNumber } from '../../../crdt/members/safety-number.ts'
import { inGroups, parseThirtyDigits } from '../../../crdt/members/thirty-digits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Clock } from '../../ports/runtime.ts'
import type { MembersService, Verified } from '../../ports/services.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

/** Shows the safety number of two members, compares it with one that was given, and keeps the person's word. */
export async function verifyMember({ id, replica, names, verified }: RunningMesh, { name, number: typed, confirm, withdraw }: Parameters<MembersService['verify']>[0], clock: Clock): Promise<Verified> {
  const member = names.find(name)
  const own = replica.membership.memberOf(replica.identity.device)
  if (!own || member === own) throw new AtollError('bad_input', { what: 'That is you. Name whom you want to verify: `atoll member list` shows who is here.' })
  if (confirm && withdraw) throw new AtollError('bad_input', { what: 'Either --confirm or --withdraw, not both.' })
  const given = typed === undefined ? undefined : parseThirtyDigits(typed)
  if (typed !== undefined && given === undefined) throw new AtollError('bad_input', { what: 'A safety number has thirty digits, with or without spaces between them. Type it as the other side sees it.' })
  const number = safetyNumber(id, own, member)
  const matches = given === undefined ? null : given === number
  if (confirm && matches !== false) await verified.confirm(member, clock.now())
  if (withdraw) await verified.withdraw(member)
  return {
    member,
    name: names.member(member),
    number: inGroups(number),
    qr: renderUnicodeCompact(number, { ecc: 'L', border: 1 }).split('\n'),
    matches,
    verification: verified.of(member),
    verified_at: verified.since(member),
    devices: replica.membership.now().member(member)?.devices.length ?? 0,
    new_devices: verified.news(member),
  }
}
