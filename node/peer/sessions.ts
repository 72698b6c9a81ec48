/** Sessions attached to this node: agents' windows and shells, as peers see them. */
import type { Runtime } from '../ports/runtime.ts'
import type { SessionHello, SessionInfo, Status } from '../ports/services.ts'

const workingForMs = 10 * 60_000

interface Attached {
  info: SessionInfo
  /** What it is called where its directory is not shown. */
  readonly plainName: string
  /** How many connections speak for it. */
  count: number
  hidden: boolean
  /** When `working` was last said. */
  workingSince: number
}

export class Sessions {
  readonly #runtime: Runtime
  readonly #machine: string
  readonly #changed: () => void
  readonly #attached = new Map<string, Attached>()
  /** When each session id first came, so that a reconnect does not show it old broadcasts. */
  readonly #firstSeen = new Map<string, number>()

  constructor(needs: { runtime: Runtime; machine: string; changed: () => void }) {
    this.#runtime = needs.runtime
    this.#machine = needs.machine
    this.#changed = needs.changed
  }

  get size(): number {
    return this.#attached.size
  }

  attach(hello: SessionHello): { readonly session: string; readonly name: string } {
    const since = this.#firstSeen.get(hello.session) ?? this.#runtime.clock.now()
    this.#firstSeen.set(hello.session, since)
    const known = this.#attached.get(hello.session)
    if (known) {
      known.count++
      // A command run inside a window says nothing about the window.
      if (hello.kind === 'cli') return { session: hello.session, name: known.info.name }
      if (known.hidden) {
        known.hidden = false
        this.#changed()
      }
      if (hello.agent !== undefined || hello.directory !== undefined) known.info = { ...known.info, agent: hello.agent ?? known.info.agent, directory: hello.directory ?? known.info.directory }
      return { session: hello.session, name: known.info.name }
    }
    const name = hello.name ?? nameFor(hello)
    const info: SessionInfo = { session: hello.session, name, role: null, groups: [], status: 'idle', summary: null, machine: this.#machine, directory: hello.directory ?? null, agent: hello.agent ?? null, since }
    this.#attached.set(hello.session, { info, plainName: hello.name ?? nameFor({ ...hello, directory: undefined }), count: 1, hidden: hello.kind === 'cli', workingSince: 0 })
    if (hello.kind !== 'cli') this.#changed()
    return { session: hello.session, name }
  }

  detach(session: string): void {
    const known = this.#attached.get(session)
    if (!known || --known.count > 0) return
    this.#attached.delete(session)
    if (!known.hidden) this.#changed()
  }

  /** Changes what is known of a session; nothing happens for one that is not attached. */
  update(session: string | undefined, change: { readonly summary?: string; readonly status?: Status }): void {
    const known = session === undefined ? undefined : this.#attached.get(session)
    if (!known) return
    known.info = { ...known.info, ...change }
    if (change.status === 'working') known.workingSince = this.#runtime.timers.elapsed()
    this.#changed()
  }

  isShown(session: string): boolean {
    return this.#attached.get(session)?.hidden === false
  }

  /** What peers are told who may see that much. `working` that was not said again for ten minutes is `idle`. */
  shown({ machine, directory } = { machine: true, directory: true }): readonly SessionInfo[] {
    const now = this.#runtime.timers.elapsed()
    return [...this.#attached.values()].filter(({ hidden }) => !hidden).slice(0, 16).map(({ info, plainName, workingSince }) => ({
      ...info,
      status: info.status === 'working' && now - workingSince > workingForMs ? 'idle' as const : info.status,
      ...(machine ? {} : { machine: null }),
      ...(directory ? {} : { directory: null, name: plainName }),
    }))
  }
}

/** `claude-app` for an agent in a directory called app, else the id's beginning. */
function nameFor(hello: SessionHello): string {
  const folder = hello.directory?.split(/[\\/]/).findLast((part) => part !== '')
  const agent = hello.agent?.split(/[\s/]/)[0]?.toLowerCase() ?? hello.kind
  return folder === undefined ? `${agent}-${hello.session.slice(0, 6)}` : `${agent}-${folder}`.slice(0, 64)
}
