/** Carries out the steps of a scenario on a world. */
import type { MeshId } from '../../crdt/wire/ids.ts'
import { AtollError, type ErrorCode } from '../../node/ports/errors.ts'
import type { Services } from '../../node/ports/services.ts'
import { describeStep, type Operation, type Step } from './step.ts'
import { wasExcepted } from './was-excepted.ts'
import type { Claim, Promises } from './promises.ts'
import type { SimPeer } from './sim-peer.ts'
import type { SimWorld } from './sim-world.ts'

/** What honest peers may answer on bad days. Anything else (internal, invite_forged, key_missing…) is a bug. */
const badDays: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'mesh_none', 'mesh_unknown', 'removed', 'not_permitted', 'storage_full', 'storage_failed', 'profile_readonly', 'node_unreachable', 'recipient_unknown', 'denied', 'exception_refused',
  'member_unknown', 'member_ambiguous', 'key_unknown', 'note_unknown', 'not_removable', 'nobody_online', 'peer_unreachable', 'timed_out', 'history_stale',
  'invite_unknown', 'invite_expired', 'invite_revoked', 'invite_used_up', 'offline', 'already_joined', 'relay_unknown', 'cancelled', 'busy',
])

export class Performer {
  readonly #world: SimWorld
  readonly #promises: Promises
  readonly #links = new Map<string, { readonly link: string; readonly id: string }>()
  readonly #stop = new AbortController()
  /** How operations ended: `set`, `set: not_permitted` … and how often. */
  readonly endings = new Map<string, number>()
  /** What is under way. */
  readonly running = new Set<Promise<void>>()

  constructor(world: SimWorld, promises: Promises) {
    this.#world = world
    this.#promises = promises
  }

  /** Does one step; what takes time goes on in the background. */
  perform(step: Step): void {
    const { net } = this.#world
    const device = (name: string): SimPeer['device'] => this.#world.peer(name).device
    this.#world.watch.note(describeStep(step))
    switch (step.do) {
      case 'crash': return this.#world.peer(step.peer).crash(step)
      case 'crash in commit': return this.#world.peer(step.peer).disk.crashInNextCommit(step.when)
      case 'stop': return this.#background(this.#world.peer(step.peer).stop())
      case 'start': return this.#world.peer(step.peer).start()
      case 'backup': return this.#backup(this.#world.peer(step.peer))
      case 'restore': return this.#restore(this.#world.peer(step.peer))
      case 'disk': return this.#world.peer(step.peer).disk.failNext(step.problem, step.at)
      case 'skew': return this.#world.peer(step.peer).skew(step.ms)
      case 'online': return this.#background(this.#world.peer(step.peer).setOnline(step.on))
      case 'partition': return net.partition(step.groups.map((group) => group.map(device)))
      case 'cut': return net.cut(device(step.from), device(step.to), step)
      case 'stall': return net.stall(device(step.from), device(step.to))
      case 'break': return net.break(device(step.from), device(step.to))
      case 'link': return net.setLink(device(step.from), device(step.to), step.settings)
      case 'heal': return net.heal()
      default: return this.#operation(step)
    }
  }

  /** Gives up on what waits for somebody to come (joins). */
  stop(): void {
    this.#stop.abort()
  }

  #backup(peer: SimPeer): void {
    peer.backup()
    this.#promises.backedUp(peer)
  }

  #restore(peer: SimPeer): void {
    peer.crash({ silent: true })
    if (peer.restoreBackup()) this.#promises.restored(peer)
  }

  #operation(step: Step & Operation): void {
    const peer = this.#world.peer(step.peer)
    if (!peer.isUp) return
    const { mesh } = this.#world
    if (mesh === undefined && step.do !== 'create') return
    this.#background(this.#attempt(peer, step, mesh))
  }

  async #attempt(peer: SimPeer, step: Step & Operation, mesh: MeshId | undefined): Promise<void> {
    const { watch } = this.#world
    const { lives } = peer
    const guest = mesh !== undefined && roleOf(peer, mesh) === 'guest' && !wasExcepted(peer.replica(mesh), peer.device)
    const from = watch.own(peer.device).length
    const handed = this.#promises.handed(peer)
    const takes = step.do === 'drain' && !step.peek
    if (takes) handed.pending++
    try {
      const claim = await this.#call(peer.services(mesh, this.#stop.signal), peer, step)
      if (peer.lives !== lives) return
      if (takes) handed.pending--
      this.#ended(step.do)
      watch.note(`done ${describeStep(step)}`)
      if (guest && mesh !== undefined && roleOf(peer, mesh) === 'guest' && !wasExcepted(peer.replica(mesh), peer.device) && claim) this.#promises.breaches.push(`T3: a guest (${peer.name}) was allowed to ${describeStep(step)}`)
      if (claim) this.#promises.claim({ by: peer, what: claim, entries: watch.own(peer.device).slice(from) })
    } catch (error) {
      if (peer.lives !== lives || this.#stop.signal.aborted) return
      this.#ended(`${step.do}: ${error instanceof AtollError ? error.code : 'unexpected'}`)
      watch.note(`refused ${describeStep(step)}: ${error instanceof AtollError ? error.code : String(error)}`)
      if (!(error instanceof AtollError) || !badDays.has(error.code)) this.#promises.breaches.push(`H1: ${describeStep(step)} failed with ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    }
  }

  async #call(services: Services, peer: SimPeer, step: Step & Operation): Promise<Claim['what'] | undefined> {
    const signal = this.#stop.signal
    switch (step.do) {
      case 'create': {
        const { mesh } = await services.meshes.create({ name: 'reef', relays: step.relay ? ['/dns4/home.example/tcp/443/wss/p2p/12D3KooWKRyzVWW6ChFjQjK4miCty85Niy48tpPV95XdKu1BcvMA'] : [], as: step.peer })
        this.#world.mesh = mesh as unknown as MeshId
        return undefined
      }
      case 'invite': {
        const { link, id } = await services.mesh.invite({ uses: step.uses, expires_in_ms: step.expiresMs, role: step.role })
        this.#links.set(step.link, { link, id })
        return undefined
      }
      case 'revoke': {
        const known = this.#links.get(step.link)
        if (known) await services.mesh.revokeInvite(known.id)
        return undefined
      }
      case 'join': {
        const known = this.#links.get(step.link)
        if (known) await services.meshes.join({ link: known.link, name: step.peer, wait: step.wait }, () => undefined, signal)
        return undefined
      }
      case 'leave': {
        // From the first: it may be out already when it dies before it hears so.
        this.#promises.leaving(peer)
        await services.mesh.leave()
        this.#promises.left(peer)
        return undefined
      }
      case 'remove': {
        await services.members.remove(step.target)
        return undefined
      }
      case 'set': {
        await services.state.set(step.key, step.value)
        return { type: 'value', key: step.key, value: step.value }
      }
      case 'burst': {
        // The last key is written twice: its second value must know of the first.
        const keys = Array.from({ length: step.count }, (_, i) => `burst/${step.name}/${Math.min(i, step.count - 2)}`)
        const value = step.name.repeat(Math.ceil(step.bytes / step.name.length))
        await Promise.all(keys.map((key) => services.state.set(key, value)))
        return { type: 'value', key: keys.at(-1) as string, value }
      }
      case 'delete': return { type: 'deletion', ...(await services.state.delete(step.key)) }
      case 'remember': return { type: 'note', id: (await services.memory.remember(step)).id }
      case 'forget': {
        const [note] = await services.memory.recall({ query: step.word, limit: 1, tags: [] })
        return note && { type: 'forgotten', id: (await services.memory.forget(note.id)).id }
      }
      case 'send': {
        const { id } = await services.messages.send({ to: step.to, text: step.text, priority: 'next' })
        return { type: 'message', id, text: step.text, to: step.to }
      }
      case 'drain': {
        const messages = await services.messages.inbox({ wait_ms: 0, limit: step.limit, peek: step.peek }, signal)
        if (!step.peek) this.#promises.drained(peer, messages.map(({ id }) => id))
        return undefined
      }
      case 'relay': {
        await (step.add ? services.relays.add(step.address) : services.relays.remove(step.address))
        return undefined
      }
      case 'write': {
        const [known] = (await services.documents.list()).toSorted((a, b) => (a.id < b.id ? -1 : 1))
        const { id } = known ? await services.documents.append({ document: known.id, text: step.line, part: 'content' }) : await services.documents.create({ title: 'plan', text: step.line, part: 'content' })
        return { type: 'line', document: id, line: step.line }
      }
      case 'except': {
        await services.members.except(step.target, step.permission, step.choice)
        return undefined
      }
      case 'title policy': {
        await services.profiles.setPolicy('title', step.editors)
        return undefined
      }
      case 'title': {
        await services.profiles.set({ field: 'title', value: step.title })
        return undefined
      }
      case 'rebuild': {
        await peer.replica(this.#world.mesh as MeshId)?.rebuild()
        return undefined
      }
    }
  }

  #ended(how: string): void {
    this.endings.set(how, (this.endings.get(how) ?? 0) + 1)
  }

  #background(work: Promise<void>): void {
    const tracked: Promise<void> = work.catch((error: unknown) => {
      this.#promises.breaches.push(`H1: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    }).finally(() => this.running.delete(tracked))
    this.running.add(tracked)
  }
}

export function roleOf(peer: SimPeer, mesh: MeshId): string | undefined {
  return peer.replica(mesh)?.membership.now().device(peer.device)?.role
}

