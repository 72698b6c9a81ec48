/** The life of a node that was started with a token: in as a new device, out again when it stops. */
import { firstDeviceOf, type AccessToken } from '../../../crdt/members/access-token.ts'
import { proveRootRemoval } from '../../../crdt/members/proofs.ts'
import { writers } from '../../../crdt/members/roles.ts'
import { signingPair, type SigningPair } from '../../../crdt/crypto/sign.ts'
import type { DeviceId, EntryId, MemberId, MeshId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { MakeOp } from '../replica/own-op.ts'
import { makeIdentity } from '../mesh/make-identity.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { enterMesh, untilNextRound } from './enter-mesh.ts'
import { pinsNow } from './pins-now.ts'
import { recoverFromSomebody } from './recovery-service.ts'
import type { ServicesHost } from './services-host.ts'

/** A run that did not end cleanly is taken for over after this long. */
const forgottenAfterMs = 24 * 3_600_000

export class TokenRun {
  readonly #peer: ServicesHost
  readonly #token: AccessToken
  readonly #root: SigningPair

  constructor(peer: ServicesHost, token: AccessToken) {
    this.#peer = peer
    this.#token = token
    this.#root = signingPair(token.seed)
  }

  /** Whether this profile was left by an earlier run whose device was removed since: it is of no more use. */
  get isSpent(): boolean {
    const left = this.#mesh()
    return left !== undefined && this.#peer.meshes.size === 1 && left.replica.membership.memberOf(this.#peer.identity.device) === this.#member && !left.replica.membership.now().device(this.#peer.identity.device)
  }

  /**
   * Comes into the mesh, or goes on where an earlier run on this profile was broken off. Throws token_expired,
   * token_profile, token_revoked, and what else keeps one from coming back.
   */
  async enter(progress: (text: string) => void, signal: AbortSignal): Promise<void> {
    const { mesh, maker, addresses, admitted, expires } = this.#token
    const { runtime } = this.#peer.needs
    if (expires <= runtime.clock.now()) throw new AtollError('token_expired', { at: new Date(expires).toISOString() })
    this.#requireOwnProfile()
    if (this.#mesh()) return
    const input = { mesh, relays: addresses, peers: [{ device: maker, addresses: addresses.filter((address) => this.#peer.needs.deviceOf(address) === maker) }], frontier: [admitted], wait: false }
    const running = await enterMesh(this.#peer, mesh as MeshId, (replica) => this.#comeBack(input, { root: this.#root, replica, progress, signal }))
    await this.#peer.caughtUp(running, signal)
    await this.#tidy(running)
  }

  /** Asks until somebody lets us in, or the signal fires: then with why nobody has. */
  async #comeBack(...[input, how]: Parameters<typeof recoverFromSomebody> extends [unknown, ...infer Rest] ? Rest : never): Promise<void> {
    for (;;) {
      try {
        return await recoverFromSomebody(this.#peer, input, how)
      } catch (error) {
        if (error instanceof AtollError && error.code === 'recovery_refused') throw new AtollError('token_revoked', {}, { cause: error })
        if (how.signal.aborted || !(error instanceof AtollError) || !error.retry) throw error
        await untilNextRound(this.#peer.needs.runtime, how.signal)
        if (how.signal.aborted) throw error
      }
    }
  }

  /**
   * Takes this device out, once somebody else holds what was written here.
   * @returns whether nothing of the run is needed here any more
   */
  async leave(): Promise<boolean> {
    const running = this.#mesh()
    const { device } = this.#peer.identity
    if (!running?.replica.membership.now().device(device)) return false
    await this.#peer.told(running)
    if (!running.others().some((other) => running.isSynced(other))) return false
    await running.replica.operate(() => [this.#removal(running, device)])
    await this.#peer.told(running)
    return true
  }

  get #member(): MemberId {
    return this.#root.publicKey as MemberId
  }

  #mesh(): RunningMesh | undefined {
    return this.#peer.meshes.get(this.#token.mesh as MeshId)
  }

  /** Nobody's own profile is taken over because a token stands in the environment. */
  #requireOwnProfile(): void {
    const others = [...this.#peer.meshes.values()].filter(({ id, replica }) => id !== this.#token.mesh || replica.membership.memberOf(this.#peer.identity.device) !== this.#member)
    if (others.length > 0) throw new AtollError('token_profile', { choices: others.map(({ names }) => names.mesh()).join(', ') })
  }

  /** Removes the device that it was admitted with, and those of runs that ended long ago without a word; says its name where nobody has. */
  async #tidy(running: RunningMesh): Promise<void> {
    const { replica, names } = running
    const { clock } = this.#peer.needs.runtime
    const secrets = firstDeviceOf(this.#token.seed)
    const first = makeIdentity(secrets.seed, secrets.sealingSecret).device
    const { history } = replica.membership
    const since = (device: DeviceId): number => Math.max(0, ...(history.introductions.get(device) ?? []).map(({ at }) => history.entries[at]?.ms ?? 0))
    const own = replica.membership.now().device(this.#peer.identity.device)
    const devices = replica.membership.now().member(this.#member)?.devices ?? []
    const over = devices.filter((device) => device === first || (device !== own?.device && !running.isOnline(device) && since(device) < clock.now() - forgottenAfterMs))
    // Another run may be doing the same: what it was quicker with has no effect, and is refused here.
    for (const device of over) await replica.operate(() => [this.#removal(running, device)]).catch((error: unknown) => this.#peer.needs.log.info('token_device_not_removed', { device, why: String(error) }))
    if (over.length > 0 && own && writers.has(own.role)) await replica.operate(() => [], { rotate: true })
    if (names.profile(this.#member)['name'] !== undefined) return
    // Where a policy leaves names to stewards, one of them names it.
    await replica.write([{ type: 'set', doc: 'members', key: this.#member, value: JSON.stringify({ name: this.#token.name }) }]).catch((error: unknown) => this.#peer.needs.log.info('token_not_named', { why: String(error) }))
  }

  #removal(running: RunningMesh, device: DeviceId): MakeOp {
    const { replica } = running
    return (parents: readonly EntryId[]) => {
      const op = { type: 'removeDevice' as const, grant: replica.grant(), device, pins: pinsNow(replica, (author) => author === device) }
      return { ...op, rootProof: proveRootRemoval(running.id, { device: this.#peer.identity.device, parents }, op, this.#root) }
    }
  }
}
