/**
 * A PeerHost in memory, for tests of what stands above it: one device in as many meshes as it makes, no
 * network, no disk. It keeps the contracts of node/ports/services.ts as far as one device can: who is in no
 * mesh is told so, a missing key is `key_unknown`, an inbox drains once, watchers hear every change.
 */
import { AtollError } from '../../node/ports/errors.ts'
import type { OpenPeer, OpenPeerOptions } from '../../node/host/open-peer.ts'
import type { Caller, ConfigService, Joined, PeerHost, Role, Services, SessionHello, SessionInfo, Standing } from '../../node/ports/services.ts'
import { CallCounter } from '../../node/peer/operation-meter.ts'
import { memoryKeys } from './memory-keys.ts'
import { MemoryMesh } from './memory-mesh.ts'

export interface MemoryPeerOptions {
  readonly now?: () => number
  readonly config?: ConfigService
  readonly version?: string
  readonly home?: string
  readonly socket?: string
}

interface Attachment {
  readonly info: SessionInfo
  readonly kind: SessionHello['kind']
}

/** A running peer without anything under it. */
export class MemoryPeer implements PeerHost {
  readonly version: string
  readonly device = '12d3koomemory'
  readonly stopRequested: Promise<void>
  /** Sessions by id, each as often as it is attached. */
  readonly attached = new Map<string, Attachment[]>()
  readonly meshes = new Map<string, MemoryMesh>()
  readonly now: () => number
  readonly meter = new CallCounter({ elapsed: () => this.now() }, [])
  /** What `standing` says, where a test wants another role than owner. */
  role: Standing['role'] = 'owner'
  /** What it may be asked for, where it shall run by a token. */
  scopes: readonly string[] = []
  exceptions: Standing['exceptions'] = {}
  readonly #options: MemoryPeerOptions
  readonly #stop = Promise.withResolvers<void>()
  #default: string | null = null
  readonly #keys = memoryKeys()
  #ids = 0

  constructor(options: MemoryPeerOptions = {}) {
    this.#options = options
    this.version = options.version ?? '0.1.0'
    this.now = options.now ?? Date.now
    this.stopRequested = this.#stop.promise
  }

  id(kind: string): string {
    return `${kind}${++this.#ids}`
  }

  async attach(hello: SessionHello): Promise<AsyncDisposable & { session: string; name: string }> {
    const name = hello.name ?? hello.directory?.split('/').pop() ?? hello.session.slice(0, 8)
    const info: SessionInfo = { session: hello.session, name, role: null, groups: [], status: 'idle', summary: null, machine: 'test', directory: hello.directory ?? null, agent: hello.agent ?? null, since: this.now() }
    const attachment: Attachment = { info, kind: hello.kind }
    this.attached.set(hello.session, [...(this.attached.get(hello.session) ?? []), attachment])
    return {
      session: hello.session,
      name,
      [Symbol.asyncDispose]: async () => {
        const left = (this.attached.get(hello.session) ?? []).filter((one) => one !== attachment)
        if (left.length > 0) this.attached.set(hello.session, left)
        else this.attached.delete(hello.session)
      },
    }
  }

  /** Sessions that peers see. */
  sessions(): readonly SessionInfo[] {
    return [...this.attached.values()].flatMap((all) => all.filter((one) => one.kind !== 'cli').slice(0, 1)).map((one) => one.info)
  }

  update(session: string | undefined, change: Partial<SessionInfo>): void {
    const all = this.attached.get(session ?? '') ?? []
    this.attached.set(session ?? '', all.map((one) => ({ ...one, info: { ...one.info, ...change } })))
  }

  async standing(caller: Caller): Promise<Standing> {
    this.choose(caller)
    return { role: this.role, since: 0, exceptions: this.exceptions }
  }

  choose(caller: Caller): MemoryMesh {
    if (caller.mesh !== undefined) {
      const named = [...this.meshes.values()].find((mesh) => mesh.id === caller.mesh || mesh.name === caller.mesh)
      if (named === undefined) throw new AtollError('mesh_unknown', { name: caller.mesh })
      return named
    }
    const all = [...this.meshes.values()]
    const chosen = all.find((mesh) => mesh.id === this.#default) ?? (all.length === 1 ? all[0] : undefined)
    if (chosen !== undefined) return chosen
    if (all.length === 0) throw new AtollError('mesh_none')
    throw new AtollError('mesh_ambiguous', { choices: all.map((mesh) => mesh.name).join(', ') })
  }

  join(name: string, as: string, role: Role, relays: readonly string[]): Joined {
    const mesh = new MemoryMesh(this, this.id('mesh'), name, as)
    for (const address of relays) mesh.relays.add(address)
    this.meshes.set(mesh.id, mesh)
    return { mesh: mesh.id, name, member: mesh.member, member_name: as, role, ...(relays.length === 0 ? { note: 'Reachable on this network only until you add a relay: atoll relay add ADDRESS.' } : {}) }
  }

  services(caller: Caller): Services {
    // Each service is made when it is asked for, so that choosing a mesh fails only where one is needed.
    const mesh = () => this.choose(caller)
    const peer = this
    return {
      node: {
        metrics: async () => peer.meter.families(),
        netcheck: async () => ({ families: [], relays: [], listens: [], findings: [{ tone: 'bad', text: 'This peer has no network.', advice: 'Use a real peer.' }] }),
        status: async () => ({
          version: peer.version,
          pid: process.pid,
          device: peer.device,
          home: peer.#options.home ?? '/memory',
          socket: peer.#options.socket ?? '',
          addresses: ['/ip4/127.0.0.1/tcp/4001'],
          started_at: 0,
          token: null,
          network: 'on',
          storage: 'ok',
          sessions: peer.sessions().length,
          metrics: null,
          meshes: [...peer.meshes.values()].map((one) => ({ name: one.name, mesh: one.id, peers_online: 0, entries: one.entries, synced: true })),
          offenders: [],
          budgets: [],
          warnings: [],
        }),
        stop: async () => peer.#stop.resolve(),
      },
      get config() {
        if (peer.#options.config === undefined) throw new AtollError('internal', { why: 'this memory peer was given no settings' })
        return peer.#options.config
      },
      meshes: {
        create: async ({ name, relays, as }) => peer.join(name, as ?? 'me', 'owner', relays),
        join: async ({ link, name, wait }, progress, signal) => {
          if (!link.startsWith('atoll:')) throw new AtollError('link_malformed', { why: 'it does not begin with atoll:' })
          if (wait) progress('waiting for a member to come online')
          if (link === 'atoll:nobody') {
            if (!wait) throw new AtollError('nobody_online')
            await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
          }
          return peer.join(link.slice('atoll:'.length), name ?? 'me', 'member', [])
        },
        list: async () => [...peer.meshes.values()].map((one) => one.summary(one.id === peer.#default)),
        setDefault: async (name) => void (peer.#default = peer.choose({ ...caller, mesh: name }).id),
      },
      recovery: {
        facts: async () => [...peer.meshes.values()].map((one) => ({ mesh: one.id, name: one.name, member: one.member, member_name: one.summary(false).member_name, role: 'owner' as const, relays: [], peers: [], frontier: [] })),
        restore: async ({ mesh: id }) => ({ ...peer.join(id, 'me', 'owner', []), other_devices: [] }),
      },
      get mesh() {
        return mesh().meshService(() => peer.meshes.delete(mesh().id))
      },
      get requests() {
        return mesh().requests
      },
      keys: peer.#keys,
      get relays() {
        return mesh().relaysService()
      },
      get members() {
        return mesh().membersService()
      },
      get profiles() {
        return mesh().profiles
      },
      devices: {
        link: async ({ lasts_ms }) => ({ link: 'atoll:device:memory', qr: ['█▀█', '▀▀▀'], expires_at: peer.now() + lasts_ms, meshes: [mesh().name] }),
        asking: async () => {
          throw new AtollError('device_link_closed')
        },
        confirm: async () => {
          throw new AtollError('device_link_closed')
        },
        refuse: async () => {
          throw new AtollError('device_link_closed')
        },
        rename: async (device, name) => ({ device, name }),
        list: async () => [{ device: peer.device, name: null, this: true, online: true, linked_by: null, since: 0, removable: false }],
        remove: async (device) => {
          throw new AtollError('device_unknown', { device })
        },
      },
      get grants() {
        return mesh().grants
      },
      tokens: {
        create: async ({ name, role, expires_in_ms, scopes }) => ({ token: 'atoll-token-memory', member: 'member-token', name, role, scopes, expires_at: peer.now() + expires_in_ms, enforced: [] }),
        list: async () => [],
        revoke: async (name) => {
          throw new AtollError('token_unknown', { name })
        },
      },
      get peers() {
        return mesh().peersService()
      },
      sessions: {
        setSummary: async (summary) => peer.update(caller.session, { summary }),
        setStatus: async (status) => peer.update(caller.session, { status }),
        defaults: async ({ groups = [], messages = 'everyone' }) => ({ groups, messages }),
      },
      get state() {
        return mesh().stateService()
      },
      get memory() {
        return mesh().memoryService()
      },
      get documents() {
        return mesh().documentsService()
      },
      get files() {
        return mesh().filesService()
      },
      get messages() {
        return mesh().messagesService(caller.session)
      },
      get audit() {
        return mesh().auditService()
      },
    }
  }
}

/** An OpenPeerFunction for tests: the real one's shape, nothing on disk but what the caller itself writes. */
export async function openMemoryPeer(options: OpenPeerOptions): Promise<OpenPeer> {
  const host = new MemoryPeer({ config: options.config.service, version: options.version, home: options.home, socket: options.socket })
  return { host, device: host.device, addresses: () => ['/ip4/127.0.0.1/tcp/4001'], stopRequested: host.stopRequested, [Symbol.asyncDispose]: async () => {} }
}
