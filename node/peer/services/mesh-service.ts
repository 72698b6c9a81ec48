import { formatLink, inviteKey, secretBytes } from '../../../crdt/members/link.ts'
import { granters, rank } from '../../../crdt/members/roles.ts'
import { policyOfMesh, stricter } from '../../../crdt/members/history-policy.ts'
import type { OpOf } from '../../../crdt/members/ops.ts'
import type { EntryId, InviteId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { MeshInfo, MeshService, MeshSummary } from '../../ports/services.ts'
import { invitesOf } from '../join/invites.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { addressesFor, qrLines } from './link-parts.ts'
import { describeInvite, presetOf } from '../mesh/session-defaults.ts'
import { oneAtATime, type ServicesHost } from './services-host.ts'

export function meshService(peer: ServicesHost, mesh: () => RunningMesh): MeshService {
  return {
    async info() {
      const running = mesh()
      const { replica } = running
      const founding = replica.membership.history.entries[0]
      return {
        ...summaryOf(peer, running),
        created_at: founding?.ms ?? 0,
        relays: running.relays(),
        entries: running.entries(),
        logs: [...replica.logs()].length,
        bytes: replica.store.bytes(),
        epoch: replica.membership.now().epochs().find((epoch) => replica.ledger.keyring.has(epoch)) ?? '',
        synced: running.others().filter((device) => running.isOnline(device)).every((device) => running.isSynced(device)),
        forks: replica.store.evidence().map(({ log, seq }) => {
          const device = replica.log(log)?.device ?? replica.identity.device
          return { device, member: running.names.device(device), log, seq }
        }),
        overused: replica.membership.now().overused().map(({ opened, uses, admitted }) => ({ invite: opened, uses, admitted: admitted.map((member) => running.names.member(member)) })),
      } satisfies MeshInfo
    },
    async stats() {
      const running = mesh()
      const { store } = running.replica
      const traffic = [...(peer.engine.mesh(running.id)?.traffic.values() ?? [])]
      return {
        entries: running.entries(),
        logs: [...running.replica.logs()].length,
        bytes: store.bytes(),
        keys: countPrefix(running, 'state'),
        notes: countPrefix(running, 'memory'),
        messages: store.count('message'),
        members: running.replica.membership.now().members().filter(({ status }) => status === 'active').length,
        online: running.others().filter((device) => running.isOnline(device)).length,
        sent_bytes: traffic.reduce((sum, { sent }) => sum + sent, 0),
        received_bytes: traffic.reduce((sum, { received }) => sum + received, 0),
      }
    },
    async leave() {
      const running = mesh()
      const left = { mesh: running.id as string, name: running.names.mesh() }
      const { replica } = running
      await oneAtATime(peer, running.id, async () => {
        if (replica.membership.now().device(peer.identity.device)) await replica.operate(() => [{ type: 'leave', grant: replica.grant() }])
        // Peers that are here hear of it from us; the others from them.
        await peer.told(running)
        await peer.halt(running.id)
        peer.needs.profile.drop(running.id)
      })
      return left
    },
    async invite({ uses, expires_in_ms, role, approve = false, groups = [], messages, history = 'all' }) {
      const running = mesh()
      const { replica } = running
      const { runtime, network } = peer.needs
      const self = replica.membership.now().device(peer.identity.device)
      if (!self) throw new AtollError('removed', { at: 'an earlier day' })
      if (!granters.has(self.role) || rank(role) > rank(self.role)) throw new AtollError('not_permitted', { role: self.role, what: `inviting as ${role}`, needs: role })
      const secret = runtime.random.bytes(secretBytes)
      const expires = runtime.clock.now() + expires_in_ms
      const invite = inviteKey(secret).publicKey as InviteId
      const [opened] = await replica.operate(() => [{ type: 'invite', grant: replica.grant(), invite, role, uses, expires, approval: approve ? 'steward' : 'none', history }], { rotate: () => stricter(policyOfMesh(replica.membership), history) === 'since' })
      if (groups.length > 0 || messages !== undefined) await describeInvite(replica, opened as EntryId, { groups, messages: messages ?? 'everyone' })
      const relays = running.relays()
      const link = formatLink({ mesh: running.id as EntryId, inviter: peer.identity.device, opened: opened as EntryId, addresses: addressesFor(relays, network), secret }, pageOf(relays))
      peer.rendezvous()
      return { id: opened as string, link, role, uses, approve, groups, messages: messages ?? null, mesh_name: running.names.mesh(), by: running.names.device(peer.identity.device), expires_at: expires, qr: qrLines(link) }
    },
    async revokeInvite(typed) {
      const { replica } = mesh()
      const found = typed.length >= 6 ? invitesOf(replica).find(({ opened }) => opened.startsWith(typed)) : undefined
      if (!found) throw new AtollError('invite_unknown')
      if (found.closed === undefined) await replica.operate(() => [{ type: 'close', grant: replica.grant(), opened: found.opened, reason: 'revoked' }])
    },
    async listInvites() {
      const running = mesh()
      return invitesOf(running.replica).map(({ opened, op, by, used, closed }) => ({ ...(presetOf(running.replica, opened, running.replica.membership.memberOf(by)) ?? { groups: [], messages: null }), id: opened, role: (op as OpOf<'invite'>).role, uses: op.uses, used, approve: op.approval === 'steward', expires_at: op.expires, closed: closed ?? null, by: running.names.device(by) }))
    },
  }
}

/** What `list` shows of a mesh. */
export function summaryOf(peer: ServicesHost, mesh: RunningMesh): MeshSummary {
  const { membership, identity } = mesh.replica
  const view = membership.now()
  const member = membership.memberOf(identity.device)
  const state = member && view.member(member)
  const members = view.members().filter(({ status }) => status === 'active')
  return {
    mesh: mesh.id,
    name: mesh.names.mesh(),
    role: state?.status === 'active' ? state.role : (state?.status ?? 'removed'),
    member: member ?? '',
    member_name: member ? mesh.names.member(member) : '',
    members: members.length,
    online: members.filter(({ devices }) => devices.some((device) => mesh.isOnline(device))).length,
    default: peer.needs.config.current().mesh === mesh.id || (peer.needs.config.current().mesh === '' && peer.meshes.size === 1),
  }
}

/** A relay behind a name and TLS serves the invite page; its fragment never leaves the browser. */
function pageOf(relays: readonly string[]): string | undefined {
  for (const relay of relays) {
    const named = /^\/dns[46]?\/([^/]+)\/tcp\/443\/(?:wss|tls\/ws)(?:\/|$)/.exec(relay)
    if (named) return `https://${named[1]}/i`
  }
  return undefined
}

function countPrefix({ replica }: RunningMesh, doc: string): number {
  let count = 0
  let after: string | undefined
  for (;;) {
    const rows = replica.store.scan('register', { prefix: `${doc}\0`, limit: 10_000, ...(after === undefined ? {} : { after }) })
    count += rows.length
    if (rows.length < 10_000) return count
    after = (rows.at(-1) as readonly [string, Uint8Array])[0]
  }
}
