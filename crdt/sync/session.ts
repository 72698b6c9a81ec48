/**
 * One sync session: one mesh between two peers over one ordered stream, after the handshake. Each side announces
 * durable heads and pulls what it lacks, membership before content, under a credit window; what a peer writes itself
 * it pushes at once, what it merely passes on it announces. A session keeps no state that a new one needs, so it may
 * end at any moment and be resumed over any other stream.
 */
import { decode, encode } from '../wire/codec.ts'
import type { DeviceId, EntryId, LogId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { sameBytes } from '../crypto/hash.ts'
import { firstUnknownFrame, syncFrame, type AnnouncedHead, type SyncFrame } from './frames.ts'
import { announced, headsDigest } from './heads.ts'
import { PeerHeads } from './peer-heads.ts'
import type { SessionHandle, Standing, SyncHost, SyncReplica, SyncStream } from './ports.ts'
import { Puller } from './puller.ts'
import { Server } from './server.ts'

const beatMs = 5_000
/** After so much silence the peer is pinged; one side's ping keeps the other from pinging too. */
const quietMs = 7_000
/** Round trips are measured now and then even where the other side's pings leave no silence. */
const measureMs = 30_000
/** A branch that parts far below its end comes in as many pieces as this. */
const fetchTries = 100
const silentAfterMs = 20_000
/** What the peer has from its author is only said again so that both know they are equal. */
const oldNewsMs = 2_000

export class SyncSession implements SessionHandle {
  readonly remote: DeviceId
  readonly peer: PeerHeads
  readonly #replica: SyncReplica
  readonly #host: SyncHost
  readonly #stream: SyncStream
  readonly #server: Server
  readonly #puller: Puller
  /** Logs whose news the peer may lack, and those it may only want to know we hold. */
  readonly #news = new Set<LogId>()
  /** Logs whose news the peer has from their author. */
  readonly #oldNews = new Set<LogId>()
  readonly #announcing = new Map<ReadonlySet<LogId>, Disposable>()
  /** Entries that what the peer sent builds on, and that are not here; and how often they are still asked for. */
  readonly #missing = new Map<EntryId, number>()
  /** Bytes of entries taken that the peer has no credit for yet. */
  #owedCredit = 0
  #heartbeat: Disposable | undefined
  #lastHeard: number
  #measuredAt = -Infinity
  /** As what the peer stood when it was told all that one of its standing is told. */
  #announcedTo: Standing | undefined
  #saidDigest = false
  #closed = false
  #pings = new Map<number, number>()
  #token = 0
  /** How often our membership has changed. */
  #membershipChanges = 0
  rttMs: number | null = null

  constructor(remote: DeviceId, replica: SyncReplica, host: SyncHost, stream: SyncStream) {
    this.remote = remote
    this.#replica = replica
    this.#host = host
    this.#stream = stream
    this.peer = new PeerHeads(replica)
    this.#puller = new Puller(this, this.peer, replica, host, (logs) => this.#send({ type: 'want', logs }))
    this.#server = new Server(replica, (run) => this.#sendRun(run), () => replica.standing(remote) === 'admitted')
    this.#lastHeard = host.elapsed()
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** True only while both sides have announced the same heads (rule C4). */
  get isSynced(): boolean {
    return !this.#closed && this.peer.isEqual()
  }

  start(): void {
    if (this.#replica.standing(this.remote) === 'admitted') this.#sayDigest()
    else this.#announceAll()
    this.#beat()
  }

  close(why: string): void {
    if (this.#closed) return
    this.#send({ type: 'bye', code: why.slice(0, 64) })
    this.#stream.close(why)
    this.ended()
  }

  /** The stream is gone: lets go of everything. */
  ended(): void {
    this.#closed = true
    this.#puller.stop()
    for (const timer of [...this.#announcing.values(), this.#heartbeat]) timer?.[Symbol.dispose]()
  }

  /** Takes one frame from the peer. Anything it should not have sent ends the session. */
  receive(bytes: Uint8Array): void {
    if (this.#closed) return
    this.#lastHeard = this.#host.elapsed()
    this.#host.onBytes(0, bytes.length)
    const kind = bytes[0] ?? 0
    if (kind >= firstUnknownFrame && kind < 0x80) return
    const frame = decode(syncFrame, bytes)
    if (!frame.ok) return this.#fault('malformed_frame')
    this.#take(frame.value)
  }

  /** Our replica has committed entries. */
  committed(entries: readonly { readonly log: LogId; readonly seq: number; readonly own: boolean; readonly bytes: Uint8Array }[], membership: boolean): void {
    if (this.#closed) return
    if (membership) this.#membershipChanged()
    const pushed = this.#server.push(entries, this.peer)
    for (const { log } of entries) if (!pushed.has(log)) (this.#hasFromAuthor(log) ? this.#oldNews : this.#news).add(log)
    if (this.#news.size > 0) this.#announceSoon(this.#news, 20 + 10 * this.#host.sessions())
    if (this.#oldNews.size > 0) this.#announceSoon(this.#oldNews, oldNewsMs)
  }

  whisper(bytes: Uint8Array): void {
    this.#send({ type: 'whisper', bytes })
  }

  ping(): void {
    this.#pings.set(++this.#token, this.#host.elapsed())
    this.#send({ type: 'ping', token: this.#token })
  }

  #fault(why: string): void {
    this.close(why)
    this.#host.onFault(why)
  }

  #take(frame: SyncFrame): void {
    switch (frame.type) {
      case 'digest': return this.#compare(frame.digest)
      case 'heads': return this.#heads(frame.heads, frame.all)
      case 'want': return frame.logs.every(({ log, after }) => this.#server.want(log, after)) ? undefined : this.#fault('too_many_wants')
      case 'entries': return this.#entries(frame.run)
      case 'credit': return this.#server.credit(frame.bytes)
      case 'whisper': return this.#replica.standing(this.remote) === 'admitted' ? this.#host.onWhisper(frame.bytes, this) : undefined
      case 'ping': return this.#send({ type: 'pong', token: frame.token })
      case 'pong': return this.#pong(frame.token)
      case 'fetch': return this.#server.fetch(frame.ids)
      case 'bye': {
        this.#stream.close(`peer: ${frame.code}`)
        return this.ended()
      }
    }
  }

  /** A peer that finds the digest equal to its own knows what we hold; one that does not asks by announcing everything. */
  #sayDigest(): void {
    this.#saidDigest = true
    for (const { log, seq } of this.#replica.logs()) this.peer.told(log, seq)
    this.#send({ type: 'digest', digest: headsDigest(this.#replica.logs()) })
  }

  #compare(digest: Uint8Array): void {
    if (!sameBytes(digest, headsDigest(this.#replica.logs()))) return this.#announceAll()
    this.peer.becomeEqual()
    this.#host.onProgress(this)
  }

  /**
   * Says everything we hold: to members all heads, to former ones those of membership. Strangers get an empty page:
   * it tells nothing and asks for theirs, since who is a stranger here may have been admitted where we have not been.
   */
  #announceAll(): void {
    const standing = this.#replica.standing(this.remote)
    if (this.#announcedTo === standing) return
    this.#announcedTo = standing
    const logs = [...this.#replica.logs()].filter(({ type }) => standing === 'admitted' || (standing === 'former' && type === 'membership'))
    for (let at = 0; at === 0 || at < logs.length; at += limits.headsPerFrame) {
      const page = logs.slice(at, at + limits.headsPerFrame)
      for (const log of page) this.peer.told(log.log, log.seq)
      this.#send({ type: 'heads', all: at + limits.headsPerFrame >= logs.length, heads: page.map(announced) })
    }
  }

  #heads(heads: readonly AnnouncedHead[], all: boolean): void {
    for (const head of heads) {
      this.peer.announced(head)
      const held = this.#replica.log(head.log)
      // Another branch than ours ends here: it is fetched, so that both sides know of the fork (rule T7).
      if (held && !held.forked && (head.forked || (head.seq === held.seq && head.id !== held.id))) this.#lacks([head.id])
      if (head.seq > (held?.seq ?? 0)) this.#replica.heldLonger(head.log, head.device)
    }
    // A peer that announced everything before we did lacks ours.
    if (all) this.#announceAll()
    this.#puller.plan()
    this.#host.onProgress(this)
  }

  #entries(run: readonly Uint8Array[]): void {
    const bytes = run.reduce((sum, entry) => sum + entry.length, 0)
    if (!this.#server.mayReceive(bytes)) return this.#fault('credit_exceeded')
    const changes = this.#membershipChanges
    this.#replica.receive(run).then(
      (intake) => {
        this.#server.received(bytes)
        // Also of a peer that has hung up meanwhile.
        if (intake.problem !== undefined) return this.#fault(`bad_entries:${intake.problem}`)
        if (this.#closed) return
        this.#giveCredit(bytes)
        this.#lacks(intake.missing)
        if (intake.fork) this.#puller.unblock()
        if (intake.log !== undefined && intake.end) this.peer.holds({ log: intake.log, forked: false, ...intake.end })
        // What was missing may have come in the same commit: then nobody would ask again for what waits for it.
        if (intake.log !== undefined) this.#arrived(intake.log, !intake.waiting ? 'placed' : changes === this.#membershipChanges ? 'waiting' : 'try again')
      },
      () => this.close('storage'),
    )
  }

  /** Not for every frame: a peer has room for several more before it would have to wait. */
  #giveCredit(bytes: number): void {
    this.#owedCredit += bytes
    if (this.#owedCredit < limits.creditWindowBytes / 4) return
    this.#send({ type: 'credit', bytes: this.#owedCredit })
    this.#owedCredit = 0
  }

  #arrived(log: LogId, outcome: 'placed' | 'waiting' | 'try again'): void {
    this.#puller.arrived(log, outcome)
    this.#host.onProgress(this)
  }

  #membershipChanged(): void {
    this.#membershipChanges++
    this.#puller.unblock()
    if (!this.#saidDigest && this.#replica.standing(this.remote) !== this.#announcedTo) this.#announceAll()
  }

  /** Whether the author of a log tells the peer itself: then the peer need not hear of it from everybody. */
  #hasFromAuthor(log: LogId): boolean {
    const author = this.#replica.log(log)?.device
    return author !== undefined && author !== this.remote && this.#host.hears(this.remote, author)
  }

  /** News go out after a moment, so that many become one frame and peers of the author hear of it from the author. */
  #announceSoon(news: Set<LogId>, spreadMs: number): void {
    if (this.#announcing.has(news)) return
    this.#announcing.set(news, this.#host.after(spreadMs * (0.5 + this.#host.jitter()), () => {
      this.#announcing.delete(news)
      const standing = this.#replica.standing(this.remote)
      const logs = [...news].flatMap((log) => this.#replica.log(log) ?? [])
      news.clear()
      const due = logs.filter((held) => standing !== 'stranger' && (standing === 'admitted' || held.type === 'membership') && this.peer.toTell(held))
      for (const held of due) this.peer.told(held.log, held.seq)
      for (let at = 0; at < due.length; at += limits.headsPerFrame) this.#send({ type: 'heads', all: false, heads: due.slice(at, at + limits.headsPerFrame).map(announced) })
    }))
  }

  #sendRun(run: readonly Uint8Array[]): void {
    this.#send({ type: 'entries', run })
  }

  #beat(): void {
    this.#heartbeat = this.#host.after(beatMs, () => {
      const now = this.#host.elapsed()
      if (now - this.#lastHeard > silentAfterMs) return this.close('silent')
      this.#puller.beat()
      this.#fetchMissing()
      if (now - this.#lastHeard > quietMs || now - this.#measuredAt > measureMs) this.ping()
      this.#beat()
    })
  }

  #lacks(ids: readonly EntryId[]): void {
    for (const id of ids) if (this.#missing.size < limits.wantsPerFrame && !this.#missing.has(id)) this.#missing.set(id, fetchTries)
  }

  /** What mostly came meanwhile with its log. What did not stands in another branch of a log than ours (rule T7). */
  #fetchMissing(): void {
    for (const [id, tries] of this.#missing) {
      if (tries === 0 || this.#replica.holds(id)) this.#missing.delete(id)
      else this.#missing.set(id, tries - 1)
    }
    if (this.#missing.size > 0) this.#send({ type: 'fetch', ids: [...this.#missing.keys()] })
  }

  #pong(token: number): void {
    const sent = this.#pings.get(token)
    if (sent === undefined) return
    this.#pings.clear()
    this.#measuredAt = this.#host.elapsed()
    this.rttMs = this.#measuredAt - sent
    this.#host.onProgress(this)
  }

  #send(frame: SyncFrame): void {
    if (this.#closed) return
    const bytes = encode(syncFrame, frame)
    this.#host.onBytes(bytes.length, 0)
    this.#stream.send(bytes)
  }
}
