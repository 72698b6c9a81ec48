import type { Target } from '../../../crdt/docs/change.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Message, MessagesService } from '../../ports/services.ts'
import type { InboxReader } from '../mesh/mail.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'

export interface MessagesNeeds {
  readonly mesh: () => RunningMesh
  /** The meshes whose mail is read: the one that was named, or all. */
  readonly meshes: () => readonly RunningMesh[]
  readonly runtime: Runtime
  /** Who reads for the caller. */
  readonly reader: () => InboxReader
  /** The session ids and names that can be written to, with their devices; ours included. */
  readonly sessions: () => readonly { readonly session: string; readonly name: string; readonly device: RunningMesh['replica']['identity']['device'] }[]
}

export function messagesService({ mesh, meshes, runtime, reader, sessions }: MessagesNeeds): MessagesService {
  return {
    async send({ to, text, priority, reply_to, idempotency_key }) {
      if (text === '') throw new AtollError('bad_input', { what: 'A message needs some text.' })
      const targets = to.map((typed) => targetOf(typed, mesh(), sessions()))
      const reply = reply_to === undefined ? undefined : findMessage(mesh(), reply_to).message.id
      const row = await mesh().mail.send({ targets, text, priority, session: reader().session ?? '', replyTo: reply, key: idempotency_key })
      const names = mesh().mail.recipients(targets).filter((device) => device !== mesh().replica.identity.device).map((device) => mesh().names.device(device))
      return { id: row.message.id, at: row.clock.ms, recipients: [...new Set(names)] }
    },
    async inbox({ wait_ms, limit, ids, peek }, signal) {
      const only = ids && new Set(ids)
      const first = await drainAll(limit, peek, only)
      if (first.length > 0 || wait_ms === 0) return first
      await arrival(meshes(), reader(), runtime, wait_ms, signal)
      return drainAll(limit, peek, only)
    },
    async status(id) {
      const { running, row } = findAnywhere(meshes(), id)
      const recipients = running.mail.progress(row, (device, log) => running.heldBy(device, log)).map(({ device, state }) => ({
        name: running.names.device(device),
        device,
        state,
        why: state === 'pending' ? whyPending(running, device) : null,
      }))
      return { id: row.message.id, recipients }
    },
    async watch(on: (message: Message) => void, signal) {
      const watching = meshes().map(({ mail }) => mail.watch(reader(), on))
      signal.addEventListener('abort', () => watching.forEach((one) => one[Symbol.dispose]()), { once: true })
    },
  }

  async function drainAll(limit: number, peek: boolean, only: ReadonlySet<string> | undefined): Promise<readonly Message[]> {
    const messages: Message[] = []
    for (const { mail } of meshes()) messages.push(...(await mail.drain(reader(), limit - messages.length, peek, only)))
    return messages.sort((a, b) => a.at - b.at)
  }
}

/** What was typed after `send`: everybody, a session by id or name, or a member. */
function targetOf(typed: string, mesh: RunningMesh, sessions: ReturnType<MessagesNeeds['sessions']>): Target {
  if (typed === '*') return { type: 'all' }
  const found = sessions.filter(({ session, name }) => session === typed || name === typed)
  const [only, ...others] = found.length > 1 ? found.filter(({ session }) => session === typed) : found
  if (only && others.length === 0) return { type: 'session', device: only.device, session: only.session }
  if (found.length > 1) throw new AtollError('member_ambiguous', { name: typed, choices: found.map(({ session }) => session).join(', ') })
  try {
    const member = mesh.names.find(typed)
    // Sealed to nobody it would reach nobody, not even should they come back.
    if (mesh.replica.membership.now().member(member)?.status !== 'active') throw new AtollError('recipient_unknown', { name: typed })
    return { type: 'member', member }
  } catch (error) {
    if (error instanceof AtollError && error.code === 'member_unknown') throw new AtollError('recipient_unknown', { name: typed })
    throw error
  }
}

/** A message in whichever of the meshes holds it. */
function findAnywhere(meshes: readonly RunningMesh[], typed: string): { running: RunningMesh; row: ReturnType<typeof findMessage> } {
  for (const running of meshes) {
    try {
      return { running, row: findMessage(running, typed) }
    } catch (error) {
      if (!(error instanceof AtollError) || error.code !== 'message_unknown') throw error
    }
  }
  throw new AtollError('message_unknown', { id: typed })
}

function findMessage(mesh: RunningMesh, typed: string): NonNullable<ReturnType<RunningMesh['mail']['find']>> {
  const exact = mesh.mail.find(typed)
  if (exact) return exact
  const rows = typed.length >= 6 ? mesh.replica.store.scan('messageTime', { prefix: typed, limit: 2 }) : []
  const found = rows.length === 1 ? mesh.mail.find((rows[0] as readonly [string, Uint8Array])[0]) : undefined
  if (!found) throw new AtollError('message_unknown', { id: typed })
  return found
}

function whyPending(mesh: RunningMesh, device: RunningMesh['replica']['identity']['device']): string {
  if (!mesh.replica.membership.now().device(device)) return 'no longer in the mesh'
  if (mesh.isOnline(device)) return 'on its way'
  const seen = mesh.presence.lastSeen(device)
  return seen === null ? 'offline; not seen since this node started' : `offline; last seen ${new Date(seen).toISOString()}`
}

/** Resolves when a message for the reader arrives, the time is over, or the caller has gone. */
function arrival(meshes: readonly RunningMesh[], reader: InboxReader, runtime: Runtime, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const one of watching) one[Symbol.dispose]()
      timer[Symbol.dispose]()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const watching = meshes.map(({ mail }) => mail.watch(reader, done))
    const timer = runtime.timers.after(ms, done)
    signal.addEventListener('abort', done, { once: true })
  })
}
