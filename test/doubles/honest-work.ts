/** What must go on while somebody attacks. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, vi } from 'vitest'
import { LocalPeer } from '../bench/peers.ts'

const patience = { timeout: 30_000, interval: 10 }
const never = new AbortController().signal
const ignore = (): void => undefined
let round = 0

/** Peers of these names in one mesh. The first founded it. */
export async function meshOf(relays: readonly string[], ...peers: readonly LocalPeer[]): Promise<void> {
  const [first, ...others] = peers as [LocalPeer, ...LocalPeer[]]
  await first.services.meshes.create({ name: 'reef', relays })
  await reachable(relays, first)
  const { link } = await first.services.mesh.invite({ uses: peers.length, expires_in_ms: 3_600_000, role: 'member' })
  for (const other of others) await other.services.meshes.join({ link, wait: true }, ignore, never)
  for (const { services } of peers) await vi.waitFor(async () => expect(await services.mesh.info()).toMatchObject({ members: peers.length, synced: true }), patience)
}

/** Resolves when newcomers find the peer at a relay, where there is any. */
export async function reachable(relays: readonly string[], { peer }: LocalPeer): Promise<void> {
  await vi.waitFor(() => expect(relays.length === 0 || peer.needs.network.relays().some(({ reserved }) => reserved)).toBe(true), patience)
}

/** Two peers still set and read state, and write to each other, both ways. */
export async function workGoesOn(...[a, b]: readonly [LocalPeer, LocalPeer]): Promise<void> {
  for (const [from, to] of [[a, b], [b, a]] as const) {
    const [key, value, text] = [`work ${++round}`, round, `message ${round}`]
    await from.services.state.set(key, value)
    await from.services.messages.send({ to: ['*'], text, priority: 'next' })
    await vi.waitFor(async () => expect(await to.services.state.get(key)).toMatchObject({ value }), patience)
    const heard: string[] = []
    await vi.waitFor(async () => {
      heard.push(...(await to.services.messages.inbox({ wait_ms: 0, limit: 100, peek: false }, never)).map((message) => message.text))
      expect(heard).toContain(text)
    }, patience)
  }
}

/** Everything a peer shows of what could have been forged, and whether all it holds fits. */
export async function shownBy({ services }: LocalPeer): Promise<{ keys: readonly string[]; members: readonly string[]; problems: readonly string[] }> {
  const { values } = await services.state.list({ limit: 1_000 })
  const { problems } = await services.audit.verify(ignore, never)
  return { keys: values.map(({ key }) => key), members: (await services.members.list()).map(({ name }) => name).sort(), problems: problems.map(({ problem }) => problem) }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes this process holds on to, garbage aside. */
export function bytesHeld(): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
