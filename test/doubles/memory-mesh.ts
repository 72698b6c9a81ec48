/** One mesh of a MemoryPeer: what is written is kept in maps, and peers are people who never answer. */
import { AtollError } from '../../node/ports/errors.ts'
import type { AuditService, DocumentsService, FilesService, FileSummary, Json, MembersService, MemoryService, MeshService, MeshSummary, Message, MessageMode, MessagesService, Note, Notice, Peer, PeersService, ProfilesService, RelaysService, RequestsService, Role, SessionInfo, StateChange, StateService, StateVersion } from '../../node/ports/services.ts'
import { memoryGrants } from './memory-grants.ts'
import { listen } from './listen.ts'
import { memoryMembers, memoryProfiles, type MemoryMember } from './memory-members.ts'
import { memoryDocuments } from './memory-documents.ts'
import { memoryRequests } from './memory-requests.ts'

interface World {
  now(): number
  id(kind: string): string
  sessions(): readonly SessionInfo[]
  readonly device: string
}

interface MemoryInvite {
  readonly id: string
  readonly role: Role
  readonly uses: number
  readonly approve: boolean
  readonly groups: readonly string[]
  readonly messages: MessageMode | null
  readonly expires_at: number
  closed: string | null
}

/** State, notes, messages and the rest of one mesh. */
export class MemoryMesh {
  readonly id: string
  readonly name: string
  readonly member = 'member-me'
  readonly relays = new Set<string>()
  readonly requests: RequestsService = memoryRequests()
  readonly others = new Map<string, MemoryMember>([['bob', { role: 'member', status: 'active' }]])
  readonly profiles: ProfilesService
  readonly grants = memoryGrants(this.others)
  readonly #world: World
  readonly #as: string
  readonly #history = new Map<string, StateVersion[]>()
  readonly #watchers = new Set<(change: StateChange) => void>()
  readonly #notes = new Map<string, Note>()
  readonly #documents: DocumentsService
  readonly #files = new Map<string, FileSummary>()
  readonly #sent = new Map<string, readonly string[]>()
  readonly #sentByKey = new Map<string, string>()
  readonly #invites: MemoryInvite[] = []
  readonly #inbox: Message[] = []
  readonly #listeners = new Set<(message: Message) => void>()
  readonly #noticed = new Set<(notice: Notice) => void>()

  constructor(world: World, id: string, name: string, as: string) {
    this.#world = world
    this.id = id
    this.name = name
    this.#as = as
    this.#documents = memoryDocuments(world, as)
    this.profiles = memoryProfiles({ member: this.member, name: as })
  }

  get entries(): number {
    return 1 + [...this.#history.values()].flat().length + this.#notes.size + this.#sent.size
  }

  /** As if a peer had sent it: it waits in the inbox and watchers hear of it. */
  deliver(message: Pick<Message, 'from' | 'text'> & Partial<Message>): Message {
    const whole: Message = { id: this.#world.id('msg'), from_member: message.from, from_confirmed: true, to: this.#as, priority: 'next', reply_to: null, unasked: message.priority !== 'low', at: this.#world.now(), mesh_name: this.name, ...message }
    this.#inbox.push(whole)
    for (const listener of [...this.#listeners]) listener(whole)
    return whole
  }

  summary(isDefault: boolean): MeshSummary {
    return { mesh: this.id, name: this.name, role: 'owner', member: this.member, member_name: this.#as, members: 1 + this.others.size, online: 0, default: isDefault }
  }

  meshService(leave: () => void): MeshService {
    return {
      info: async () => ({ ...this.summary(false), created_at: 0, relays: [...this.relays], entries: this.entries, logs: 1, bytes: 1000, epoch: 'epoch1', synced: true, forks: [], overused: [] }),
      stats: async () => ({ entries: this.entries, logs: 1, bytes: 1000, keys: this.#history.size, notes: this.#notes.size, messages: this.#sent.size, members: 2, online: 0, sent_bytes: 0, received_bytes: 0 }),
      leave: async () => {
        leave()
        return { mesh: this.id, name: this.name }
      },
      invite: async ({ uses, expires_in_ms, role, approve = false, groups = [], messages = null }) => {
        const invite = { id: this.#world.id('invite'), role, uses, approve, groups, messages, expires_at: this.#world.now() + expires_in_ms, closed: null }
        this.#invites.push(invite)
        return { id: invite.id, link: `atoll:${this.name}#${invite.id}`, role, uses, approve, groups, messages, mesh_name: this.name, by: this.#as, expires_at: invite.expires_at, qr: ['█▀█', '▀▀▀'] }
      },
      revokeInvite: async (id) => {
        const invite = this.#invites.find((one) => one.id === id)
        if (invite === undefined) throw new AtollError('invite_unknown')
        invite.closed = 'revoked'
      },
      listInvites: async () => this.#invites.map((invite) => ({ ...invite, used: 0, by: this.#as })),
    }
  }

  relaysService(): RelaysService {
    const list = async () => [...this.relays].map((address) => ({ address, connected: false, reserved: false, rtt_ms: null, error: 'this peer has no network' }))
    return {
      add: (address) => (this.relays.add(address), list()),
      remove: (address) => {
        if (!this.relays.delete(address)) throw new AtollError('relay_unknown', { address })
        return list()
      },
      list,
    }
  }

  membersService(): MembersService {
    return memoryMembers({ member: this.member, name: this.#as, device: this.#world.device }, this.others)
  }

  peersService(): PeersService {
    const list = (): readonly Peer[] => [
      { device: this.#world.device, member: this.member, name: this.#as, role: 'owner', verification: 'you', confirmed: true, you: true, online: true, path: 'none', rtt_ms: null, sent_bytes: 0, received_bytes: 0, synced: true, last_seen: null, not_talked_to: null, sessions: this.#world.sessions() },
      ...[...this.others.keys()].map((name): Peer => ({ device: `device-${name}`, member: `member-${name}`, name, role: 'member', verification: 'none', confirmed: false, you: false, online: false, path: 'none', rtt_ms: null, sent_bytes: 0, received_bytes: 0, synced: false, last_seen: 1000, not_talked_to: null, sessions: [] })),
    ]
    return {
      list: async () => list(),
      explain: async (name) => {
        const peer = list().find((one) => one.name === name || one.device === name)
        if (peer === undefined) throw new AtollError('peer_unknown', { name })
        return { peer: peer.name, device: peer.device, path: 'none', summary: 'There is no connection: this peer has no network.', attempts: [{ kind: 'direct:tcp', address: '/ip4/10.0.0.2/tcp/4001', outcome: 'failed', why: 'no network' }], advice: ['Use a real peer.'] }
      },
      ping: async () => list().filter((peer) => !peer.you).map(({ name, device, path }) => ({ name, device, path, rtt_ms: null })),
    }
  }

  stateService(): StateService {
    const current = (key: string): StateVersion | undefined => this.#history.get(key)?.findLast((version) => version.current)
    const write = (key: string, value: Json, deleted: boolean) => {
      const old = current(key)
      const at = this.#world.now()
      const version = { value, deleted, by: this.#as, at, current: true }
      this.#history.set(key, [...(this.#history.get(key) ?? []).map((one) => ({ ...one, current: false })), version])
      for (const watcher of [...this.#watchers]) watcher({ key, old: old === undefined || old.deleted ? null : old.value, value, deleted, by: this.#as, at })
      return { key, at }
    }
    const read = (key: string) => {
      const version = current(key)
      if (version === undefined || version.deleted) throw new AtollError('key_unknown', { key })
      return { key, value: version.value, by: version.by, at: version.at, concurrent: [] }
    }
    return {
      set: async (key, value) => write(key, value, false),
      get: async (key) => read(key),
      list: async ({ prefix = '', limit, after = '' }) => {
        const keys = [...this.#history.keys()].filter((key) => key.startsWith(prefix) && key > after && current(key)?.deleted === false).toSorted()
        return { values: keys.slice(0, limit).map(read), next: keys.length > limit ? (keys[limit - 1] ?? null) : null }
      },
      delete: async (key) => {
        read(key)
        return write(key, null, true)
      },
      history: async ({ key, limit }) => {
        const all = this.#history.get(key)
        if (all === undefined) throw new AtollError('key_unknown', { key })
        return all.toReversed().slice(0, limit)
      },
      watch: (prefix, on, signal) => listen(this.#watchers, (change: StateChange) => change.key.startsWith(prefix) && on(change), signal),
    }
  }

  memoryService(): MemoryService {
    return {
      remember: async ({ text, tags }) => {
        const note = { id: this.#world.id('note'), text, tags, by: this.#as, at: this.#world.now(), score: 0 }
        this.#notes.set(note.id, note)
        return { id: note.id, at: note.at }
      },
      recall: async ({ query, limit, tags }) => {
        const words = query.toLowerCase().split(/\s+/)
        const scored = [...this.#notes.values()].map((note) => ({ ...note, score: words.filter((word) => note.text.toLowerCase().includes(word)).length }))
        return scored.filter((note) => note.score > 0 && tags.every((tag) => note.tags.includes(tag))).toSorted((a, b) => b.score - a.score).slice(0, limit)
      },
      forget: async (id) => {
        if (!this.#notes.delete(id)) throw new AtollError('note_unknown', { id })
        return { id }
      },
    }
  }

  documentsService(): DocumentsService {
    return this.#documents
  }

  /** Files are their records only: what a path holds is nobody's business here. */
  filesService(): FilesService {
    const find = (id: string): FileSummary => {
      const found = this.#files.get(id)
      if (found === undefined) throw new AtollError('file_unknown', { id })
      return found
    }
    return {
      share: async ({ path, name, tags, to, expires_in_ms }, progress) => {
        progress('sealing', 1_000_000, 2_000_000, 'bytes')
        const at = this.#world.now()
        const file = { id: this.#world.id('file'), name: name ?? path, bytes: 2_000_000, tags, by: this.#as, at, to: to.length === 0 ? ['mesh'] : to, expires_at: expires_in_ms === undefined ? null : at + expires_in_ms }
        this.#files.set(file.id, file)
        return file
      },
      get: async ({ id, save_to }) => ({ ...find(id), path: save_to, fetched_bytes: 0 }),
      list: async () => [...this.#files.values()],
      status: async (id) => ({ ...find(id), here_bytes: find(id).bytes, chunks: 30, here_chunks: 30, kept: true, fetching: null, peers: [...this.others.keys()].map((name) => ({ name, device: `device-${name}`, online: false, chunks: null, lied: false })) }),
      delete: async (id) => {
        const { name } = find(id)
        this.#files.delete(id)
        return { id, name }
      },
      grant: async ({ id, to }) => {
        const file = { ...find(id), to: [...find(id).to, ...to] }
        this.#files.set(id, file)
        return file
      },
    }
  }

  /** What is sent to `*` or to oneself arrives in the own inbox, so that one device can show both ends. */
  messagesService(session: string | undefined): MessagesService {
    const from = this.#world.sessions().find((one) => one.session === session)?.name ?? this.#as
    return {
      send: async ({ to, text, priority, reply_to, idempotency_key }) => {
        const known = ['*', this.#as, ...this.others.keys(), ...this.#world.sessions().map((one) => one.name)]
        for (const name of to) if (!known.includes(name)) throw new AtollError('recipient_unknown', { name })
        const before = idempotency_key === undefined ? undefined : this.#sentByKey.get(idempotency_key)
        const id = before ?? this.#world.id('msg')
        const at = this.#world.now()
        if (before === undefined && !to.every((name) => this.others.has(name))) this.deliver({ id, from, from_member: this.#as, to: to.join(', '), text, priority, reply_to: reply_to ?? null, at })
        this.#sent.set(id, to)
        if (idempotency_key !== undefined) this.#sentByKey.set(idempotency_key, id)
        return { id, at, recipients: to }
      },
      inbox: async ({ wait_ms, limit, ids, peek }, signal) => {
        if (this.#inbox.length === 0 && wait_ms > 0) await this.#arrival(AbortSignal.any([signal, AbortSignal.timeout(Math.min(wait_ms, 2 ** 31 - 1))]), signal)
        const given = this.#inbox.filter(({ id }) => ids === undefined || ids.includes(id)).slice(0, limit)
        if (!peek) for (const message of given) this.#inbox.splice(this.#inbox.indexOf(message), 1)
        return given
      },
      status: async (id) => {
        const to = this.#sent.get(id)
        if (to === undefined) throw new AtollError('message_unknown', { id })
        return { id, recipients: to.map((name) => ({ name, device: `device-${name}`, state: 'pending' as const, why: 'not online since it was sent' })) }
      },
      watch: (on, signal) => listen(this.#listeners, on, signal),
    }
  }

  /** Members came or went. */
  notice(by: string, text: string): void {
    for (const on of this.#noticed) on({ mesh_name: this.name, entries: [{ entry: 'e2', by, text, at: 0, void: null }], more: 0, requests: [] })
  }

  auditService(): AuditService {
    return {
      watch: (on, signal) => listen(this.#noticed, on, signal),
      void: async () => ({ total: 0, entries: [] }),
      undone: async () => [],
      query: async () => ({ entries: [{ entry: 'e1', log: 'l1', seq: 1, device: this.#world.device, by: this.#as, at: 0, changes: [{ kind: 'founded', text: 'founded the mesh', count: 1 }], void: null }], next: null }),
      verify: async (progress) => {
        progress(this.entries, this.entries)
        return { ok: true, entries: this.entries, logs: 1, signatures: this.entries, membership: 1, problems: [] }
      },
    }
  }

  #arrival(until: AbortSignal, cancelled: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.#listeners.delete(done)
        if (cancelled.aborted) reject(cancelled.reason as Error)
        else resolve()
      }
      this.#listeners.add(done)
      until.addEventListener('abort', done, { once: true })
    })
  }
}
