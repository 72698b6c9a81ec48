/** Which session stands where several are begun: by two at once, by one that comes back, by one whose path becomes better. */
import { describe, expect, test } from 'vitest'
import type { SyncSession } from '../../crdt/sync/session.ts'
import { ReplicaWorld, type Actor } from '../../test/doubles/replica-world.ts'
import { silentLog } from '../ports/log.ts'
import type { FrameStream, Network } from '../ports/network.ts'
import type { MemoryStream } from './memory-network-stream.ts'
import { MemoryWorld } from './memory-network-world.ts'
import { SyncEngine } from './sync-engine.ts'

interface Node {
  readonly actor: Actor
  readonly network: Network
  readonly engine: SyncEngine
  /** Streams that it has opened. */
  readonly opened: readonly FrameStream[]
}

/** Two members on a network in memory, named by which of their ids is the lower. */
class Engines {
  readonly world = new ReplicaWorld()
  readonly net = new MemoryWorld({ runtime: this.world.runtime, link: { latencyMs: 5 } })
  lower!: Actor
  higher!: Actor

  static async of(): Promise<Engines> {
    const all = new Engines()
    const alice = await all.world.found()
    const bob = await all.world.join(alice, 'bob')
    ;[all.lower, all.higher] = alice.identity.device < bob.identity.device ? [alice, bob] : [bob, alice]
    return all
  }

  /** Puts somebody on the network: an engine dials at once. */
  start(actor: Actor): Node {
    const network = this.net.join(actor.identity.device)
    const opened: FrameStream[] = []
    const open = network.open.bind(network)
    network.open = async (remote, protocol, signal) => {
      const stream = await open(remote, protocol, signal)
      opened.push(stream)
      return stream
    }
    const engine = new SyncEngine({ network, runtime: actor.runtime, log: silentLog, events: { onSession: () => undefined, onWhisper: () => undefined, onFault: () => undefined, hears: () => false } })
    engine.add(actor.replica)
    return { actor, network, engine, opened }
  }

  /** A session between the two that one of them opened. */
  async session(by: Actor): Promise<{ opener: Node; answerer: Node }> {
    const higher = this.start(this.higher)
    // It finds nobody, and pauses for longer than the other takes.
    await this.advance(20)
    const lower = this.start(this.lower)
    await this.synced(lower, higher, 100)
    if (higher.opened.length > 0) throw new Error('the higher one opened too')
    if (by === this.lower) return { opener: lower, answerer: higher }
    // Of a new connection the lower one hears, and opens; so the higher one comes back while the old one seems to stand.
    await this.advance(3_000)
    this.vanish(higher)
    const again = this.start(this.higher)
    await this.synced(lower, again, 100)
    await this.advance(60_000)
    if (lower.opened.some(isOpen) || !again.opened.some(isOpen)) throw new Error('the lower one opened again')
    return { opener: again, answerer: lower }
  }

  /** It is gone, and nobody hears of it: connections and sessions stand at the other as if nothing had happened. */
  vanish({ actor, network, engine }: Node): void {
    const other = this.other(actor).identity.device
    this.net.cut(actor.identity.device, other)
    void network[Symbol.asyncDispose]()
    engine.stop()
    this.net.mend(actor.identity.device, other)
  }

  other(actor: Actor): Actor {
    return actor === this.lower ? this.higher : this.lower
  }

  of({ engine, actor }: Node): SyncSession | undefined {
    return engine.mesh(this.world.mesh)?.sessions.get(this.other(actor).identity.device)
  }

  async synced(a: Node, b: Node, withinMs: number): Promise<void> {
    await this.world.runtime.runUntil(() => [a, b].every((node) => this.of(node)?.isSynced), withinMs, 'a session on both sides')
  }

  advance(ms: number): Promise<void> {
    return this.world.runtime.advance(ms)
  }
}

const isOpen = (stream: FrameStream | undefined): boolean => (stream as MemoryStream | undefined)?.open === true

describe('a session', () => {
  test('that both open at once is the one of the lower id, on both sides', async () => {
    const all = await Engines.of()
    const [lower, higher] = [all.start(all.lower), all.start(all.higher)]
    await all.synced(lower, higher, 100)
    await all.advance(10_000)
    const [mine, theirs] = [all.of(lower), all.of(higher)]
    expect([lower.opened.map(isOpen), higher.opened.map(isOpen)]).toEqual([[true], [false]])
    await all.advance(60_000)
    expect([all.of(lower), all.of(higher)]).toEqual([mine, theirs])
    expect([mine?.isSynced, theirs?.isSynced]).toEqual([true, true])
  })

  test.each([
    ['lower', 'lower'],
    ['lower', 'higher'],
    ['higher', 'lower'],
    ['higher', 'higher'],
  ] as const)('C3: that the %s one opened makes room when the %s one vanishes without a word and comes back', async (opener, vanishes) => {
    const all = await Engines.of()
    const nodes = await all.session(all[opener])
    const [gone, stays] = nodes.opener.actor === all[vanishes] ? [nodes.opener, nodes.answerer] : [nodes.answerer, nodes.opener]
    await all.advance(3_000)
    const lost = all.of(stays)
    all.vanish(gone)
    await all.advance(1_000)
    expect([all.of(stays), lost?.isClosed]).toEqual([lost, false])
    await all.world.set(stays.actor, 'meanwhile', 1)
    const back = all.start(gone.actor)
    // Long before anybody could have taken the silence for a loss.
    await all.synced(stays, back, 200)
    const found = all.of(stays)
    expect([found === lost, lost?.isClosed]).toEqual([false, true])
    expect(all.world.get(back.actor, 'meanwhile')).toEqual([1])
    // What remains of the old connection takes the new session with it neither when it is noticed nor later.
    await all.advance(60_000)
    expect([all.of(stays) === found, found?.isSynced, all.of(back)?.isSynced]).toEqual([true, true, true])
  })

  test('C3: of one that comes back within the half second in which two may have opened at once, begins at its next try', async () => {
    const all = await Engines.of()
    const { opener, answerer } = await all.session(all.lower)
    all.vanish(answerer)
    const back = all.start(answerer.actor)
    await all.synced(opener, back, 3_000)
    await all.advance(60_000)
    expect([all.of(opener)?.isSynced, all.of(back)?.isSynced]).toEqual([true, true])
  })

  test('C3: moves to a better path also while its first handshake is under way, and stands there from then on', async () => {
    for (const afterMs of [120, 220, 320, 420, 520, 560, 590, 620]) {
      const all = await Engines.of()
      const [lower, higher] = [all.lower, all.higher].map((actor) => actor.identity.device) as [Actor['identity']['device'], Actor['identity']['device']]
      all.net.setLink(lower, higher, { path: 'relayed', latencyMs: 100 })
      const answerer = all.start(all.higher)
      await all.advance(20)
      all.net.cut(lower, higher)
      const opener = all.start(all.lower)
      all.net.mend(lower, higher)
      await all.advance(afterMs)
      all.net.setLink(lower, higher, { path: 'direct:tcp', latencyMs: 5 })
      await all.advance(60)
      const stands = [all.of(opener), all.of(answerer)]
      await all.advance(30_000)
      expect({ afterMs, stands: [all.of(opener) === stands[0], all.of(answerer) === stands[1]], synced: stands.map((session) => session?.isSynced) }).toEqual({ afterMs, stands: [true, true], synced: [true, true] })
      // One over each path, and no third that mends what those two did to each other.
      expect({ afterMs, open: Object.fromEntries(opener.opened.map((stream) => [stream.path, isOpen(stream)])), all: opener.opened.length }).toEqual({ afterMs, open: { relayed: false, 'direct:tcp': true }, all: 2 })
    }
  })

  test('C3: that moves twice in a row ends at the newest path, though the slower stream comes last', async () => {
    const all = await Engines.of()
    const { opener, answerer } = await all.session(all.lower)
    const [lower, higher] = [all.lower.identity.device, all.higher.identity.device]
    for (const latencyMs of [100, 5]) {
      all.net.setLink(lower, higher, { path: 'relayed' })
      all.net.setLink(lower, higher, { path: 'direct:tcp', latencyMs })
      await all.advance(10)
    }
    await all.advance(60)
    const stands = [all.of(opener), all.of(answerer)]
    await all.advance(30_000)
    expect([all.of(opener) === stands[0], all.of(answerer) === stands[1], stands.map((session) => session?.isSynced)]).toEqual([true, true, [true, true]])
    expect([opener.opened.length, opener.opened.filter(isOpen).length]).toEqual([3, 1])
  })
})
