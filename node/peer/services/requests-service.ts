import type { EntryId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { JoinRequest, RequestsService } from '../../ports/services.ts'
import { inviteOpened } from '../join/check-invite.ts'
import { invitesOf } from '../join/invites.ts'
import { Refusal } from '../join/refusal.ts'
import type { Requested } from '../join/requests.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

/** Who asks to be let in here, and what a steward says to it. */
export function requestsService(mesh: () => RunningMesh): RequestsService {
  return {
    async list() {
      return mesh().requests.list().map((one) => shown(mesh(), one))
    },
    async approve(typed, preview = false) {
      const running = mesh()
      const found = running.requests.find(typed)
      const answer = shown(running, found)
      if (preview) return { ...answer, done: false }
      try {
        await running.requests.approve(found.device)
      } catch (error) {
        throw error instanceof Refusal ? new AtollError(error.code, { at: error.at, why: 'it has ended' }, { cause: error }) : error
      }
      return { ...answer, done: true }
    },
    async refuse(typed) {
      const running = mesh()
      const found = running.requests.find(typed)
      const answer = shown(running, found)
      running.requests.refuse(found.device)
      return answer
    },
  }
}

function shown({ replica, names }: RunningMesh, { device, number, name, askedAt, opened, here }: Requested): JoinRequest {
  return { request: device, number, name, role: inviteOpened(replica, opened).role, invite: opened, invited_by: inviterOf(replica, opened, names), asked_at: askedAt, here }
}

function inviterOf(replica: RunningMesh['replica'], opened: EntryId, names: RunningMesh['names']): string {
  const invite = invitesOf(replica).find((one) => one.opened === opened)
  return invite ? names.device(invite.by) : ''
}
