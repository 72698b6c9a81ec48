import { AtollError } from '../../node/ports/errors.ts'
import type { Exception, Member, MembersService, ProfilesService, Profile, Role } from '../../node/ports/services.ts'

export interface MemoryMember {
  role: Role
  status: 'active' | 'removed'
  exceptions?: readonly Exception[]
}

/** The members of a mesh that knows nobody else: names without any rule of trust behind them. */
export function memoryMembers(self: { readonly member: string; readonly name: string; readonly device: string }, others: Map<string, MemoryMember>): MembersService {
  const verified = new Set<string>()
  const confirmed = new Set<string>()
  const find = (name: string): MemoryMember => {
    const other = others.get(name)
    if (other === undefined) throw new AtollError('member_unknown', { name })
    return other
  }
  const list = (): Member[] => [
    { member: self.member, name: self.name, role: 'owner', status: 'active', you: true, devices: [{ device: self.device, online: true }], admitted_by: null, verification: 'you', confirmed: true, exceptions: [], joined_at: 0 },
    ...[...others].map(([name, { role, status, exceptions = [] }]) => ({ member: `member-${name}`, name, role, status, you: false, devices: [{ device: `device-${name}`, online: false }], admitted_by: self.name, verification: verified.has(name) ? 'verified' as const : 'none' as const, confirmed: verified.has(name) || confirmed.has(name), exceptions, joined_at: 0 })),
  ]
  return {
    list: async () => list(),
    find: async (name) => {
      if (name !== undefined && name !== self.name) find(name)
      return list().filter((one) => name === undefined || one.name === name)
    },
    except: async (name, permission, choice) => {
      const other = find(name)
      const before = other.exceptions?.find((one) => one.permission === permission)?.choice ?? 'default'
      other.exceptions = [...(other.exceptions ?? []).filter((one) => one.permission !== permission), ...(choice === 'default' ? [] : [{ permission, choice }])]
      return { member: `member-${name}`, name, permission, before, choice, may: choice !== 'deny' }
    },
    remove: async (name, preview = false) => {
      const other = find(name)
      if (!preview) other.status = 'removed'
      return { member: `member-${name}`, name, devices: 1, done: !preview, rotated: !preview, admitted: [], invites: 0 }
    },
    setRole: async (name, role) => {
      const other = find(name)
      const before = other.role
      other.role = role
      return { member: `member-${name}`, name, before, role, rotated: false, exceptions: other.exceptions ?? [] }
    },
    verify: async ({ name, number, confirm, withdraw }) => {
      find(name)
      const matches = number === undefined ? null : number.replaceAll(' ', '') === '1'.repeat(30)
      if (confirm && matches !== false) verified.add(name)
      if (withdraw) verified.delete(name)
      return { member: `member-${name}`, name, number: '11111 '.repeat(6).trim(), qr: ['▄▀'], matches, verification: verified.has(name) ? 'verified' : 'none', verified_at: null, devices: 1, new_devices: [] }
    },
    confirm: async (name, withdraw) => {
      find(name)
      const before = confirmed.has(name)
      if (withdraw) confirmed.delete(name)
      else confirmed.add(name)
      return { member: `member-${name}`, name, before, confirmed: confirmed.has(name) }
    },
    rename: async (name, to) => {
      const other = find(name)
      others.delete(name)
      others.set(to, other)
      return { member: `member-${name}`, before: name, name: to }
    },
  }
}

/** Profiles of the same: what is set is shown again. */
export function memoryProfiles(self: { readonly member: string; readonly name: string }): ProfilesService {
  const fields = ['name', 'title', 'bio', 'avatar', 'capabilities'] as const
  const editors = new Map<string, 'self' | 'stewards'>()
  let own: Profile = { ...self, you: true, title: null, bio: null, avatar: null, capabilities: [], editable: fields }
  const show = (name: string | undefined): Profile => {
    if (name !== undefined && name !== self.name) throw new AtollError('member_unknown', { name })
    return own
  }
  return {
    show: async (name) => show(name),
    set: async ({ field, value, name }) => {
      show(name)
      own = { ...own, [field]: field === 'capabilities' ? value.split(',') : value }
      return own
    },
    policy: async () => fields.map((field) => ({ field, editors: editors.get(field) ?? 'self' })),
    setPolicy: async (field, to) => {
      const before = editors.get(field) ?? 'self'
      editors.set(field, to)
      return { field, before, editors: to }
    },
  }
}
