import { profileRegister } from '../../../crdt/docs/need.ts'
import { editorsOf, meets } from '../../../crdt/members/permissions.ts'
import { encodePolicy, type ProfileField } from '../../../crdt/members/policy.ts'
import type { MemberId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Profile, ProfilesService } from '../../ports/services.ts'
import { allFields, profileChange, readProfile } from '../mesh/profiles.ts'
import { readRegister } from '../../../crdt/docs/registers.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

export function profilesService(mesh: () => RunningMesh): ProfilesService {
  return {
    show: async (name) => profileOf(mesh(), memberOf(mesh(), name)),
    async set({ field, value, name }) {
      const running = mesh()
      const { replica, names } = running
      const member = memberOf(running, name)
      const change = profileChange(names, member, field, value)
      // To clear what is not there would leave an entry that says nothing.
      const [known] = readRegister(replica.store, 'members', profileRegister(member, field))
      if (change.type !== 'delete' || (known && !known.deleted)) await replica.write([change])
      return profileOf(running, member)
    },
    async policy() {
      const view = mesh().replica.membership.now()
      return allFields.map((field) => ({ field, editors: editorsOf(view, field) }))
    },
    async setPolicy(field, editors) {
      const { replica } = mesh()
      const before = editorsOf(replica.membership.now(), field)
      if (before !== editors) await replica.operate(() => [{ type: 'policy', grant: replica.grant(), payload: encodePolicy({ type: 'profile', field, by: editors }) }])
      return { field, before, editors }
    },
  }
}

function memberOf({ replica, names }: RunningMesh, name: string | undefined): MemberId {
  if (name !== undefined) return names.find(name)
  const own = replica.membership.memberOf(replica.identity.device)
  if (!own) throw new AtollError('removed', { at: 'an earlier day' })
  return own
}

function profileOf({ replica, names }: RunningMesh, member: MemberId): Profile {
  const view = replica.membership.now()
  const self = view.device(replica.identity.device)
  const mayEdit = (field: ProfileField): boolean => self !== undefined && meets({ type: 'profile', of: member, field }, self, view)
  const you = member === replica.membership.memberOf(replica.identity.device)
  return { member, name: names.member(member), you, ...readProfile(replica, member), editable: allFields.filter(mayEdit) }
}
