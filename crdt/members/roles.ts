/** Roles, their ranks, and the one table of who may do which membership operation. */
export const roles = { owner: 5, admin: 4, member: 3, service: 2, guest: 1, mirror: 0 } as const
export type Role = keyof typeof roles

export const rank = (role: Role): number => roles[role]

/** Roles whose devices hold content keys and read. */
export const readers: ReadonlySet<Role> = new Set<Role>(['owner', 'admin', 'member', 'service', 'guest'])

/** Roles that may write content. Guests write only what their role is allowed: receipts, presence, leaving. */
export const writers: ReadonlySet<Role> = new Set<Role>(['owner', 'admin', 'member', 'service'])

/** Roles that may hand out grants: invite, admit, promote, remove others. Never beyond their own rank. */
export const granters: ReadonlySet<Role> = new Set<Role>(['owner', 'admin', 'member'])

/** Roles that may change the mesh itself: its name, its relays, its policies, others' names. */
export const stewards: ReadonlySet<Role> = new Set<Role>(['owner', 'admin'])
