/**
 * What each permission takes. `null` is for calls about this machine only: whoever may open the node's
 * socket may make them. The others name the roles that hold them in the chosen mesh. This check answers
 * early and in words; what peers accept is decided by their folds, whatever stands here. Who writes content is taken
 * from the table that those folds judge by (crdt/members/permissions.ts).
 */
import { contentRoles } from '../../crdt/members/permissions.ts'
import type { ContentPermission } from '../../crdt/members/policy.ts'
import { granters, stewards, writers } from '../../crdt/members/roles.ts'
import type { Standing } from '../ports/services.ts'

type Holder = Standing['role']

const present: readonly Holder[] = ['owner', 'admin', 'member', 'service', 'guest', 'mirror']
const anyone: readonly Holder[] = [...present, 'removed', 'left']
const content = (permission: ContentPermission): readonly Holder[] => [...contentRoles[permission]]

/** Permission → the roles that hold it, or null where no mesh is involved. Those who are out may still read. */
export const permissions = {
  'node.read': null,
  'node.stop': null,
  'config.read': null,
  'config.write': null,
  'mesh.create': null,
  'mesh.join': null,
  'mesh.list': null,
  'mesh.choose': null,
  'session.write': null,
  'message.read': null,
  'audit.watch': null,

  'mesh.read': anyone,
  // Kept on this device alone.
  'session.defaults': anyone,
  'mesh.leave': present,
  'invite.read': present,
  'invite.write': [...granters],
  'request.read': [...stewards],
  'request.decide': [...stewards],
  'relay.write': [...stewards],
  'key.rotate': [...writers],
  // Whoever is here may ask; that only stewards change it the service and every peer's fold see to.
  'key.schedule': present,
  'device.link': present,
  'device.rename': present,
  'device.remove': present,
  'token.read': present,
  'token.write': [...granters],
  'member.remove': [...granters],
  'member.role': [...granters],
  // Oneself, or as a steward anybody: the service and every peer's fold see to that.
  'member.rename': present,
  // One's own fields, or as a steward anybody's, as policy says: the fold sees to that.
  'profile.write': ['owner', 'admin', 'member', 'service', 'guest'],
  'policy.write': [...stewards],
  // For those they invited, or as a steward anybody: the service and every peer see to that.
  'member.confirm': [...granters],
  // A mark of this device alone.
  'member.verify': anyone,
  'grant.read': anyone,
  // One's own, which bind nobody else. A mirror holds no keys to keep them with.
  'grant.write': present.filter((role) => role !== 'mirror'),
  'peer.ping': present,
  'state.read': anyone,
  'state.write': content('state.write'),
  'memory.read': anyone,
  'memory.write': content('memory.write'),
  'document.read': anyone,
  'document.write': content('document.write'),
  'file.read': anyone,
  'file.write': content('file.write'),
  'message.send': content('message.send'),
  'audit.read': anyone,
} as const satisfies Record<string, readonly Holder[] | null>

export type Permission = keyof typeof permissions

/** Whether a permission is about a mesh, so that the caller's mesh has to be settled first. */
export function isMeshPermission(permission: Permission): boolean {
  return permissions[permission] !== null
}
