import { everyone, grantable, type Grantable } from '../../crdt/docs/grants.ts'
import { AtollError } from '../../node/ports/errors.ts'
import type { Grant, GrantLine, GrantsService } from '../../node/ports/services.ts'
import type { MemoryMember } from './memory-members.ts'

/** The grants of a member whom nobody asks for anything. */
export function memoryGrants(others: ReadonlyMap<string, MemoryMember>): GrantsService {
  const said = new Map<string, Map<string, boolean>>()
  const line = (name: string): GrantLine => {
    const role = others.get(name)?.role ?? null
    if (name !== everyone && role === null) throw new AtollError('member_unknown', { name })
    const grant = (what: Grantable): Grant => {
      const allowed = said.get(name)?.get(what)
      return allowed === undefined ? { allowed: what !== 'tools' && what !== 'files', by: 'default' } : { allowed, by: 'name' }
    }
    return { member: name === everyone ? null : `member-${name}`, name, role, blocked: said.get(name)?.get('block') === true, grants: Object.fromEntries(grantable.map((what) => [what, grant(what)])) as GrantLine['grants'] }
  }
  const say = (name: string, what: string, allow: boolean): GrantLine => {
    line(name)
    said.set(name, new Map([...(said.get(name) ?? []), [what, allow]]))
    return line(name)
  }
  return {
    list: async () => [everyone, ...others.keys()].map(line),
    set: async (what, name, allow) => say(name, what, allow),
    block: async (name, blocked) => say(name, 'block', blocked),
    reset: async (name) => {
      said.delete(name)
      return line(name)
    },
  }
}
