import { AtollError } from '../../ports/errors.ts'
import type { MembersService } from '../../ports/services.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

/** Says to the whole mesh that somebody who came by a link is who they were invited as, or takes that back. */
export async function confirmMember({ replica, names, confirmations }: RunningMesh, name: string, withdraw: boolean): ReturnType<MembersService['confirm']> {
  const member = names.find(name)
  const own = replica.membership.now().device(replica.identity.device)
  if (!own) throw new AtollError('removed', { at: 'an earlier day' })
  const before = confirmations.has(member)
  if (!withdraw && before) return { member, name: names.member(member), before, confirmed: true }
  if (own.member === member) throw new AtollError('bad_input', { what: 'Nobody confirms themselves: whoever invited you, an admin or an owner does.' })
  if (replica.membership.now().member(member)?.status !== 'active') throw new AtollError('bad_input', { what: `${names.member(member)} is not in the mesh now.` })
  if (!confirmations.mayConfirm(own.member, member)) throw new AtollError('not_permitted', { role: own.role, what: `confirming ${names.member(member)}`, needs: 'whoever invited them, an admin or owner' })
  await confirmations.say(member, !withdraw)
  return { member, name: names.member(member), before, confirmed: confirmations.has(member) }
}
