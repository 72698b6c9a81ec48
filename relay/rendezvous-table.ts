interface Standing {
  readonly peer: Uint8Array
  readonly behind: ReadonlySet<string>
  readonly watch: ReadonlySet<string>
}

interface Meeting {
  /** In the order in which they came. */
  readonly standing: Set<string>
  readonly watching: Set<string>
}

/**
 * Who stands behind which code and who watches it. Pure: it says which answers are due and knows nothing of
 * streams. Clients and codes are keys; a client is a peer.
 */
export class RendezvousTable {
  readonly #peersPerCode: number
  readonly #clients = new Map<string, Standing>()
  readonly #codes = new Map<string, Meeting>()
  readonly #due = new Map<string, Set<string>>()
  #watchers = 0

  constructor(peersPerCode: number) {
    this.#peersPerCode = peersPerCode
  }

  /** Codes that somebody stands behind or watches. */
  get codes(): number {
    return this.#codes.size
  }

  /** Clients that watch something. */
  get watchers(): number {
    return this.#watchers
  }

  /** Replaces what the client said before. Each code it watches is due to it, even if nothing changed. */
  stand(client: string, peer: Uint8Array, behind: Iterable<string>, watch: Iterable<string>): void {
    const former = this.#clients.get(client)
    const now: Standing = { peer, behind: new Set(behind), watch: new Set(watch) }
    this.#clients.set(client, now)
    this.#due.delete(client)
    for (const code of now.watch) this.#meeting(code).watching.add(client)
    for (const code of now.behind) if (former?.behind.has(code) !== true) this.#enter(client, code)
    this.#withdraw(client, former, now)
    if (now.watch.size > 0) this.#due.set(client, new Set(now.watch))
    this.#watchers += Number(now.watch.size > 0) - Number((former?.watch.size ?? 0) > 0)
  }

  leave(client: string): void {
    const former = this.#clients.get(client)
    if (former === undefined) return
    this.#clients.delete(client)
    this.#due.delete(client)
    this.#withdraw(client, former, undefined)
    if (former.watch.size > 0) this.#watchers--
  }

  /** The first peers behind a code, without the asker, as many as an answer may hold. */
  answer(client: string, code: string): readonly Uint8Array[] {
    const peers: Uint8Array[] = []
    for (const other of this.#codes.get(code)?.standing ?? []) {
      if (peers.length === this.#peersPerCode) break
      const standing = this.#clients.get(other)
      if (other !== client && standing !== undefined) peers.push(standing.peer)
    }
    return peers
  }

  /** Clients that some answer is due to. */
  due(): readonly string[] {
    return [...this.#due.keys()]
  }

  /** One code that is due to a client, which is then no longer due; undefined if none is. */
  takeDue(client: string): string | undefined {
    const codes = this.#due.get(client)
    const [code] = codes ?? []
    if (code === undefined) return undefined
    codes?.delete(code)
    if (codes?.size === 0) this.#due.delete(client)
    return code
  }

  #enter(client: string, code: string): void {
    const meeting = this.#meeting(code)
    // One place more than an answer holds: the asker itself is left out of its own.
    if (meeting.standing.size <= this.#peersPerCode) this.#changed(meeting, client, code)
    meeting.standing.add(client)
  }

  #withdraw(client: string, former: Standing | undefined, now: Standing | undefined): void {
    for (const code of former?.watch ?? []) {
      if (now?.watch.has(code) === true) continue
      this.#codes.get(code)?.watching.delete(client)
      this.#forget(code)
    }
    for (const code of former?.behind ?? []) {
      if (now?.behind.has(code) === true) continue
      const meeting = this.#codes.get(code)
      if (meeting === undefined) continue
      if (this.#shown(meeting, client)) this.#changed(meeting, client, code)
      meeting.standing.delete(client)
      this.#forget(code)
    }
  }

  /** Whether some answer holds the client. */
  #shown(meeting: Meeting, client: string): boolean {
    let place = 0
    for (const other of meeting.standing) {
      if (other === client) return true
      if (++place > this.#peersPerCode) return false
    }
    return false
  }

  #changed(meeting: Meeting, by: string, code: string): void {
    for (const watcher of meeting.watching) {
      if (watcher === by) continue
      const codes = this.#due.get(watcher)
      if (codes === undefined) this.#due.set(watcher, new Set([code]))
      else codes.add(code)
    }
  }

  #meeting(code: string): Meeting {
    const known = this.#codes.get(code)
    if (known !== undefined) return known
    const fresh: Meeting = { standing: new Set(), watching: new Set() }
    this.#codes.set(code, fresh)
    return fresh
  }

  #forget(code: string): void {
    const meeting = this.#codes.get(code)
    if (meeting !== undefined && meeting.standing.size === 0 && meeting.watching.size === 0) this.#codes.delete(code)
  }
}
