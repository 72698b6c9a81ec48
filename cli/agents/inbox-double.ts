/** An inbox in memory, for tests of what reads it. */
import { AtollError } from '../../node/ports/errors.ts'
import type { Message } from '../../node/ports/services.ts'
import type { Inbox, OpenInbox } from './inbox.ts'

/** A session's inbox and the node that holds it. */
export class InboxDouble {
  /** How often it was opened. */
  opened = 0
  /** Whether a node runs. */
  running = true
  messages: Message[] = []
  readonly #watchers = new Set<{ arrived(): void; fail(error: Error): void }>()
  #ids = 0

  arrive(text: string, more: Partial<Message> = {}): void {
    const id = `m${++this.#ids}`
    this.messages.push({ id, from: 'alice', from_member: 'alice', to: 'bob', text, priority: 'next', reply_to: null, at: 0, mesh_name: 'team', ...more })
    for (const watcher of this.#watchers) watcher.arrived()
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
      [Symbol.asyncDispose]: async () => {},
    }
    return inbox
  }
}

function gone(): AtollError {
  return new AtollError('node_unreachable', { why: 'none is running' })
}
