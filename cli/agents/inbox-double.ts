/** An inbox in memory, for tests of what reads it. */
import { AtollError } from '../../node/ports/errors.ts'
import type { Message, Notice } from '../../node/ports/services.ts'
import type { Inbox, OpenInbox } from './inbox.ts'

/** A session's inbox and the node that holds it. */
export class InboxDouble {
  /** How often it was opened. */
  opened = 0
  /** Whether a node runs. */
  running = true
  messages: Message[] = []
  readonly #watchers = new Set<{ arrived(): void; fail(error: Error): void }>()
  readonly #noticed = new Set<(notice: Notice) => void>()
  #ids = 0

  arrive(text: string, more: Partial<Message> = {}): void {
    const id = `m${++this.#ids}`
    this.messages.push({ id, from: 'alice', from_member: 'alice', from_confirmed: true, to: 'bob', text, priority: 'next', reply_to: null, unasked: more.priority !== 'low', at: 0, mesh_name: 'team', ...more })
    for (const watcher of this.#watchers) watcher.arrived()
  }

  /** A member came or went. */
  notice(by: string, text: string): void {
    for (const on of [...this.#noticed]) on({ mesh_name: 'team', entries: [{ entry: 'e', by, text, at: 0, void: null }], more: 0, requests: [] })
  }

  /** The node goes away. */
  stop(): void {
    this.running = false
    for (const watcher of [...this.#watchers]) watcher.fail(gone())
  }

  readonly open: OpenInbox = async () => {
    if (!this.running) throw gone()
    this.opened++
    const inbox: Inbox = {
      waiting: async (limit) => this.messages.filter(({ priority }) => priority !== 'low').slice(0, limit),
      take: async (wanted) => {
        const taken = this.messages.filter((message) => wanted.some(({ id }) => id === message.id))
        this.messages = this.messages.filter((message) => !taken.includes(message))
        return taken
      },
      watch: (arrived, signal) =>
        new Promise((resolve, reject) => {
          if (!this.running) return reject(gone())
          const watcher = { arrived, fail: reject }
          this.#watchers.add(watcher)
          signal.addEventListener('abort', () => (this.#watchers.delete(watcher), resolve()), { once: true })
        }),
      notices: (on, signal) =>
        new Promise((resolve) => {
          this.#noticed.add(on)
          signal.addEventListener('abort', () => (this.#noticed.delete(on), resolve()), { once: true })
        }),
      [Symbol.asyncDispose]: async () => {},
    }
    return inbox
  }
}

function gone(): AtollError {
  return new AtollError('node_unreachable', { why: 'none is running' })
}
