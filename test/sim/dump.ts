/** Every answer that a peer gives to every query, as one text: equal texts are equal answers (rule C1). */
import type { MeshId } from '../../crdt/wire/ids.ts'
import { parseMessage } from '../../crdt/docs/messages.ts'
import { keys, words } from './make-scenario.ts'
import type { SimPeer } from './sim-peer.ts'

const many = 1_000

/** What a peer answers, one line for each query, so that two dumps can be compared line by line. */
export async function dump(peer: SimPeer, mesh: MeshId): Promise<string[]> {
  const { state, memory, documents, members, profiles, mesh: about, relays } = peer.services(mesh, new AbortController().signal)
  const lines: string[] = []
  const say = (what: string, answer: unknown): void => void lines.push(`${what}: ${JSON.stringify(answer)}`)
  say('state', (await state.list({ limit: many })).values)
  for (const key of keys) say(`history of ${key}`, await state.history({ key, limit: many }).catch(() => 'none'))
  for (const word of words) say(`recall ${word}`, await memory.recall({ query: word, limit: 100, tags: [] }))
  for (const word of words) say(`tagged ${word}`, await memory.recall({ query: 'v*', limit: 100, tags: [word] }))
  say('members', (await members.list()).map(({ member, name, role, status, exceptions, devices, admitted_by, joined_at }) => ({ member, name, role, status, exceptions, devices: devices.map(({ device }) => device), admitted_by, joined_at })))
  for (const { member } of await members.list()) say('profile', { ...(await profiles.show(member)), you: false, editable: [] })
  say('fields', await profiles.policy())
  const { name, created_at, relays: used, entries, logs, epoch, forks } = await about.info()
  say('mesh', { name, created_at, used, entries, logs, epoch, forks })
  say('relays', (await relays.list()).map(({ address }) => address))
  const stats = await about.stats()
  say('counts', { keys: stats.keys, notes: stats.notes, members: stats.members })
  say('invites', (await about.listInvites()).toSorted((a, b) => (a.id < b.id ? -1 : 1)))
  for (const { id, title, by } of (await documents.list()).toSorted((a, b) => (a.id < b.id ? -1 : 1))) say(`document ${title} by ${by}`, (await documents.show(id, 'content')).text)
  say('broadcasts', broadcasts(peer, mesh))
  return lines
}

/** Messages to all, as the table shows them: those to some are not the same everywhere, by design. */
function broadcasts(peer: SimPeer, mesh: MeshId): unknown {
  const store = peer.replica(mesh)?.store
  return store?.scan('message', { limit: 1_000_000 }).flatMap(([, stored]) => {
    const row = parseMessage(stored)
    return row?.message.targets.some(({ type }) => type === 'all') ? [row] : []
  })
}

/** The first line in which two dumps differ, in words. */
export function difference(a: readonly string[], b: readonly string[]): string | undefined {
  const at = a.findIndex((line, i) => line !== b[i])
  return at < 0 ? undefined : `${a[at]}\n   instead of\n${b[at]}`
}
