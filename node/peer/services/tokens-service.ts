import { firstDeviceOf, formatAccessToken } from '../../../crdt/members/access-token.ts'
import { tokenKey } from '../../../crdt/docs/need.ts'
import { inviteKey, secretBytes } from '../../../crdt/members/link.ts'
import type { MemberOp } from '../../../crdt/members/ops.ts'
import { contentRoles } from '../../../crdt/members/permissions.ts'
import { encodePolicy, type ContentPermission } from '../../../crdt/members/policy.ts'
import { introduce, inviteProofBytes, proveInvite, proveRoot } from '../../../crdt/members/proofs.ts'
import { granters, rank, stewards, type Role } from '../../../crdt/members/roles.ts'
import { signingPair } from '../../../crdt/crypto/sign.ts'
import type { EntryId, InviteId, MemberId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { KnownToken as ShownToken, MembersService, TokensService } from '../../ports/services.ts'
import { makeIdentity } from '../mesh/make-identity.ts'
import { checkName } from '../mesh/names.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { tokensOf, type KnownToken } from '../mesh/tokens.ts'
import type { Replica } from '../replica/replica.ts'
import { addressesFor } from './link-parts.ts'
import type { ServicesHost } from './services-host.ts'

export function tokensService(peer: ServicesHost, mesh: () => RunningMesh, members: MembersService): TokensService {
  const { runtime, network } = peer.needs
  const { random, clock } = runtime
  return {
    async create({ name: typed, role, expires_in_ms, scopes }) {
      const running = mesh()
      const { replica } = running
      const self = replica.membership.now().device(peer.identity.device)
      if (!self) throw new AtollError('removed', { at: 'an earlier day' })
      if (!granters.has(self.role) || rank(role) > rank(self.role)) throw new AtollError('not_permitted', { role: self.role, what: `a token as ${role}`, needs: role })
      const name = checkName(typed)
      if (tokensOf(replica).some((one) => one.state.status === 'active' && one.name === name)) throw new AtollError('name_invalid', { name: JSON.stringify(name), why: 'there is a token of that name; `atoll token revoke` ends it' })
      const seed = random.bytes(32)
      const expires = clock.now() + expires_in_ms
      const member = signingPair(seed).publicKey as MemberId
      const first = makeIdentity(firstDeviceOf(seed).seed, firstDeviceOf(seed).sealingSecret)
      const enforced = stewards.has(self.role) ? deniedBeyond(scopes, role) : []
      const admitted = await admitToken(replica, { seed, role, expires, steward: stewards.has(self.role), denied: enforced }, (length) => random.bytes(length))
      await replica.write([
        { type: 'set', doc: 'members', key: tokenKey(self.member, member), value: JSON.stringify({ name, expires, scopes, first: first.device }) },
        // Others than stewards name nobody but themselves: its first run does.
        ...(stewards.has(self.role) ? [{ type: 'set' as const, doc: 'members', key: member, value: JSON.stringify({ name }) }] : []),
      ])
      const token = formatAccessToken({ mesh: running.id as EntryId, seed, admitted, maker: peer.identity.device, addresses: addressesFor(running.relays(), network), name, expires, scopes })
      return { token, member, name, role, scopes, expires_at: expires, enforced }
    },
    async list() {
      const running = mesh()
      return tokensOf(running.replica).map((token) => shown(running, token, clock.now()))
    },
    async revoke(typed) {
      const running = mesh()
      const wanted = typed.normalize('NFC').trim()
      const open = tokensOf(running.replica).filter(({ state }) => state.status === 'active')
      const found = open.filter(({ name, state }) => name === wanted || (wanted.length >= 6 && state.id.startsWith(wanted)))
      const [only, ...others] = found
      if (!only || others.length > 0) throw new AtollError('token_unknown', { name: typed })
      const { devices, rotated } = await members.remove(only.state.id)
      return { member: only.state.id, name: only.name, devices, rotated }
    },
  }
}

interface Admitting {
  readonly seed: Uint8Array
  readonly role: Role
  readonly expires: number
  readonly steward: boolean
  readonly denied: readonly ContentPermission[]
}

/** Lets the token's member in, by an invite to ourselves where we are no steward. @returns the admission */
async function admitToken(replica: Replica, { seed, role, expires, steward, denied }: Admitting, bytes: (length: number) => Uint8Array): Promise<EntryId> {
  const { mesh, identity } = replica
  const root = signingPair(seed)
  const member = root.publicKey as MemberId
  const secrets = firstDeviceOf(seed)
  const first = makeIdentity(secrets.seed, secrets.sealingSecret)
  const admission = { type: 'admit' as const, member, role, rootProof: proveRoot(mesh, first.device, root), introduction: introduce(first.signing, first.sealing, member) }
  if (steward) {
    const [admitted] = await replica.operate(() => [
      { ...admission, grant: replica.grant(), invite: undefined },
      ...denied.map((permission): MemberOp => ({ type: 'policy', grant: replica.grant(), payload: encodePolicy({ type: 'except', member, permission, choice: 'deny' }) })),
    ])
    return admitted as EntryId
  }
  const key = inviteKey(bytes(secretBytes))
  const [opened] = (await replica.operate(() => [{ type: 'invite', grant: replica.grant(), invite: key.publicKey as InviteId, role, uses: 1, expires, approval: 'none', history: 'all' }])) as [EntryId]
  const transcript = bytes(32)
  const proof = proveInvite(mesh, key, inviteProofBytes(member, first.device, identity.device, opened, transcript))
  const [admitted] = await replica.operate(() => [{ ...admission, grant: replica.grant(), invite: { opened, transcript, proof } }])
  return admitted as EntryId
}

/** What the role would let it write and the scopes do not: every peer's fold denies that. */
function deniedBeyond(scopes: readonly string[], role: Role): readonly ContentPermission[] {
  if (scopes.length === 0) return []
  return (Object.keys(contentRoles) as ContentPermission[]).filter((permission) => contentRoles[permission].has(role) && !scopes.includes(permission))
}

function shown({ replica, names }: RunningMesh, { name, state, by, expires, scopes, firstDevice }: KnownToken, now: number): ShownToken {
  const { history } = replica.membership
  const runs = (history.links.get(state.id) ?? []).map((at) => history.entries[at]?.ms ?? 0)
  return {
    member: state.id,
    name,
    role: state.role,
    scopes,
    by: names.member(by),
    expires_at: expires,
    status: state.status === 'active' ? (expires <= now ? 'expired' : 'open') : expires <= now ? 'expired' : 'revoked',
    last_used: runs.length > 0 ? Math.max(...runs) : null,
    devices: state.devices.filter((device) => device !== firstDevice).length,
  }
}
