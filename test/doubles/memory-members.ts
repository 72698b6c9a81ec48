import { AtollError } from '../../node/ports/errors.ts'
import type { MembersService, Role } from '../../node/ports/services.ts'

export interface MemoryMember {
  role: Role
  status: 'active' | 'removed'
}

/** The members of a mesh that knows nobody else: names without any rule of trust behind them. */
export function memoryMembers(self: { readonly member: string; readonly name: string; readonly device: string }, others: Map<string, MemoryMember>): MembersService {
  const verified = new Set<string>()
  const find = (name: string): MemoryMember => {
    const other = others.get(name)
    if (other === undefined) throw new AtollError('member_unknown', { name })
    return other
  }
  return {
    list: async () => [
      { member: self.member, name: self.name, role: 'owner', status: 'active', you: true, devices: [{ device: self.device, online: true }], admitted_by: null, verification: 'you', joined_at: 0 },
      ...[...others].map(([name, { role, status }]) => ({ member: `member-${name}`, name, role, status, you: false, devices: [{ device: `device-${name}`, online: false }], admitted_by: self.name, verification: verified.has(name) ? 'verified' as const : 'none' as const, joined_at: 0 })),
    ],
    remove: async (name, preview = false) => {
      const other = find(name)
      if (!preview) other.status = 'removed'
      return { member: `member-${name}`, name, devices: 1, done: !preview, rotated: !preview, admitted: [], invites: 0 }
    },
    setRole: async (name, role) => {
      const other = find(name)
      const before = other.role
      other.role = role
      return { member: `member-${name}`, name, before, role, rotated: false }
    },
    verify: async ({ name, number, confirm, withdraw }) => {
      find(name)
      const matches = number === undefined ? null : number.replaceAll(' ', '') === '1'.repeat(30)
      if (confirm && matches !== false) verified.add(name)
      if (withdraw) verified.delete(name)
      return { member: `member-${name}`, name, number: '11111 '.repeat(6).trim(), qr: ['▄▀'], matches, verification: verified.has(name) ? 'verified' : 'none', verified_at: null, devices: 1, new_devices: [] }
    },
    rename: async (name, to) => {
      const other = find(name)
      others.delete(name)
      others.set(to, other)
      return { member: `member-${name}`, before: name, name: to }
    },
  }
}
