import { everyone, grantable, type Grantable, type Subject } from '../../../crdt/docs/grants.ts'
import type { MemberState } from '../../../crdt/members/view.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Grant, GrantLine, GrantsService } from '../../ports/services.ts'
import { byRole, type Decision } from '../mesh/grants.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

export function grantsService(mesh: () => RunningMesh): GrantsService {
  const decide = async (name: string, decisions: (subject: Subject) => readonly Decision[]): Promise<GrantLine> => {
    const running = mesh()
    const subject = subjectOf(running, name)
    await running.grants.decide(decisions(subject))
    return lineOf(running, subject)
  }
  return {
    async list() {
      const running = mesh()
      const { membership, identity } = running.replica
      const own = membership.memberOf(identity.device)
      const others = membership.now().members().filter(({ id, status }) => id !== own && (status === 'active' || running.grants.isBlocked(id)))
      return [lineOf(running, everyone), ...others.map(({ id }) => lineOf(running, id))]
    },
    set: (what, name, allow) => decide(name, (subject) => [{ subject, what, allow }]),
    reset: (name) => decide(name, (subject) => ([...grantable, 'block'] as const).map((what) => ({ subject, what, allow: undefined }))),
    block: (name, blocked) =>
      decide(name, (subject) => {
        if (subject === everyone) throw new AtollError('bad_input', { what: 'Not everyone can be blocked: `atoll revoke message everyone` keeps messages away, `atoll leave` leaves the mesh.' })
        return [{ subject, what: 'block', allow: blocked ? true : undefined }]
      }),
  }
}

/** Throws bad_input where the caller itself is meant. */
function subjectOf({ names, replica: { membership, identity } }: RunningMesh, name: string): Subject {
  if (name === everyone) return everyone
  const member = names.find(name)
  if (member === membership.memberOf(identity.device)) throw new AtollError('bad_input', { what: 'That is you: your own devices may do everything with each other.' })
  return member
}

function lineOf(running: RunningMesh, subject: Subject): GrantLine {
  const state = subject === everyone ? undefined : running.replica.membership.now().member(subject)
  return {
    member: subject === everyone ? null : subject,
    name: subject === everyone ? everyone : running.names.member(subject),
    role: state?.role ?? null,
    blocked: subject !== everyone && running.grants.isBlocked(subject),
    grants: Object.fromEntries(grantable.map((what) => [what, grantOf(running, subject, what, state)])) as Record<Grantable, Grant>,
  }
}

/** As it was decided; a block, which overrules it, is said beside it. */
function grantOf({ grants }: RunningMesh, subject: Subject, what: Grantable, state: MemberState | undefined): Grant {
  const byName = subject === everyone ? undefined : grants.said(subject, what)
  if (byName !== undefined) return { allowed: byName, by: 'name' }
  const forAll = grants.said(everyone, what)
  if (forAll !== undefined) return { allowed: forAll, by: 'everyone' }
  return { allowed: state ? byRole(what, state.role) : what === 'machine' || what === 'directory' ? null : byRole(what, 'member'), by: 'default' }
}
