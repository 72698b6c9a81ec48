import type { DeviceId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Caller, Services } from '../../ports/services.ts'
import type { InboxReader } from '../mesh/mail.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import type { ServicesHost } from './services-host.ts'
import { auditService } from './audit-service.ts'
import { devicesService } from './devices-service.ts'
import { documentsService } from './documents-service.ts'
import { filesService } from './files-service.ts'
import { grantsService } from './grants-service.ts'
import { keysService } from './keys-service.ts'
import { membersService } from './members-service.ts'
import { memoryService } from './memory-service.ts'
import { meshService } from './mesh-service.ts'
import { meshesService } from './meshes-service.ts'
import { messagesService } from './messages-service.ts'
import { nodeService } from './node-service.ts'
import { peersService } from './peers-service.ts'
import { profilesService } from './profiles-service.ts'
import { recoveryService } from './recovery-service.ts'
import { relaysService } from './relays-service.ts'
import { requestsService } from './requests-service.ts'
import { tokensService } from './tokens-service.ts'
import { stateService } from './state-service.ts'

/** Every service, bound to one caller. A mesh is looked up when a service that needs one is used. */
export function servicesFor(peer: ServicesHost, caller: Caller): Services {
  const mesh = (): RunningMesh => {
    const found = peer.meshFor(caller.mesh)
    if (!found.replica.mayRead()) throw new AtollError('storage_failed', { why: 'it cannot be read again yet' })
    return found
  }
  const meshes = (): readonly RunningMesh[] => (caller.mesh === undefined && peer.meshes.size > 0 ? [...peer.meshes.values()] : [mesh()])
  const { runtime } = peer.needs
  const session = caller.session !== undefined && peer.sessions.isShown(caller.session) ? caller.session : undefined
  const reader = (): InboxReader => (session === undefined ? { id: 'person', session: undefined } : { id: session, session })
  const members = membersService(mesh, runtime.clock)
  return {
    node: nodeService(peer),
    config: peer.needs.config.service,
    meshes: meshesService(peer),
    recovery: recoveryService(peer),
    mesh: meshService(peer, mesh),
    requests: requestsService(mesh),
    keys: keysService(mesh),
    relays: relaysService(peer, mesh),
    members,
    profiles: profilesService(mesh),
    tokens: tokensService(peer, mesh, members),
    devices: devicesService(peer, mesh),
    grants: grantsService(mesh),
    peers: peersService(peer, mesh),
    sessions: {
      async setSummary(summary) {
        peer.sessions.update(caller.session, { summary: summary.slice(0, 500) })
      },
      async setStatus(status) {
        peer.sessions.update(caller.session, { status })
      },
      async defaults(change) {
        const running = mesh()
        if (change.groups === undefined && change.messages === undefined) return running.defaults.current()
        const changed = await running.defaults.change(change)
        running.presence.announce()
        return changed
      },
    },
    state: stateService(mesh),
    memory: memoryService(mesh, runtime.random),
    documents: documentsService(mesh, runtime.random, peer.needs.openDocuments),
    files: filesService(mesh, runtime, peer.needs.files),
    messages: messagesService({ mesh, meshes, runtime, reader, sessions: () => sessionsOf(peer, mesh()) }),
    audit: auditService(mesh, meshes, runtime),
  }
}

function sessionsOf(peer: ServicesHost, mesh: RunningMesh): { session: string; name: string; device: DeviceId }[] {
  const own = peer.sessions.shown().map(({ session, name }) => ({ session, name, device: peer.identity.device }))
  const others = mesh.replica.membership.now().devices().flatMap(({ device }) => mesh.presence.sessions(device).map(({ session, name }) => ({ session, name, device })))
  return [...own, ...others]
}
