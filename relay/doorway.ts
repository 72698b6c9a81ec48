import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'
import type { Budgets } from './budget.ts'
import type { Counters } from './counters.ts'
import { addressGroup, canonicalAddress, isLoopback } from './ip-address.ts'
import type { RelayClock } from './relay-clock.ts'
import type { RelayLimits } from './relay-limits.ts'

/** Node tells here of each socket that any server of this process accepts. */
const channel = 'net.server.socket'
/** How long a connection that libp2p has closed may take to say goodbye. */
const farewellMs = 2_000

export type ListenerKind = 'tcp' | 'ws'

export interface DoorwayParts {
  readonly limits: RelayLimits
  readonly clock: RelayClock
  readonly counters: Counters
  /** New connections per address. */
  readonly arrivals: Budgets
}

interface Guest {
  readonly socket: Socket
  readonly group: string | undefined
  cancel: () => void
}

/**
 * Every socket that the libp2p listeners accept passes here first: counted in all and per address, cut when it
 * does not become an authenticated connection in time, and destroyed for certain in the end.
 *
 * libp2p's gater is asked too late for this: its WebSocket listener waits for ever for a first byte and for an
 * HTTP request, keeps such sockets open when it is closed, and cannot abort a connection (it sends close code
 * 1006, which `ws` refuses).
 */
export class Doorway {
  readonly #parts: DoorwayParts
  readonly #kinds = new Map<number, ListenerKind>()
  readonly #guests = new Map<string, Guest>()
  readonly #perGroup = new Map<string, number>()
  readonly #accepted = (message: unknown): void => {
    const socket = message !== null && typeof message === 'object' && 'socket' in message ? message.socket : undefined
    if (socket instanceof Socket) this.#accept(socket)
  }

  constructor(parts: DoorwayParts) {
    this.#parts = parts
    subscribe(channel, this.#accepted)
  }

  /** Sockets on a guarded port, upgraded or not. */
  get size(): number {
    return this.#guests.size
  }

  guard(port: number, kind: ListenerKind): void {
    this.#kinds.set(port, kind)
  }

  /** What an address is counted under; undefined if it is exempt. */
  group(address: string): string | undefined {
    const canonical = canonicalAddress(address)
    return this.#parts.limits.exemptLoopback && isLoopback(canonical) ? undefined : addressGroup(canonical)
  }

  /** This socket is an authenticated connection now and may stay. */
  upgraded(kind: ListenerKind, address: string, port: number): void {
    this.#guests.get(name(kind, address, port))?.cancel()
  }

  /** libp2p is done with it. */
  left(kind: ListenerKind, address: string, port: number): void {
    const guest = this.#guests.get(name(kind, address, port))
    if (guest !== undefined) guest.cancel = this.#parts.clock.after(farewellMs, () => guest.socket.destroy())
  }

  /** Destroys all sockets and watches for no more. */
  close(): void {
    unsubscribe(channel, this.#accepted)
    for (const { socket } of this.#guests.values()) socket.destroy()
  }

  #accept(socket: Socket): void {
    const { limits, clock, counters } = this.#parts
    const kind = this.#kinds.get(socket.localPort ?? -1)
    const { remoteAddress, remotePort } = socket
    if (kind === undefined || remoteAddress === undefined || remotePort === undefined) return
    const group = this.group(remoteAddress)
    const refusal = this.#refusal(group)
    if (refusal !== undefined) {
      counters.refuse(refusal)
      socket.destroy()
      return
    }
    const key = name(kind, remoteAddress, remotePort)
    const guest: Guest = {
      socket,
      group,
      cancel: clock.after(limits.upgradeMs, () => {
        counters.refuse('upgrade_timeout')
        socket.destroy()
      }),
    }
    this.#guests.set(key, guest)
    if (group !== undefined) this.#perGroup.set(group, (this.#perGroup.get(group) ?? 0) + 1)
    socket.once('close', () => {
      guest.cancel()
      if (this.#guests.get(key) === guest) this.#guests.delete(key)
      this.#leave(group)
    })
  }

  #refusal(group: string | undefined): 'connections_full' | 'connections_per_address' | 'connection_rate' | undefined {
    const { limits, clock, arrivals } = this.#parts
    if (this.#guests.size >= limits.connections) return 'connections_full'
    if (group === undefined) return undefined
    if ((this.#perGroup.get(group) ?? 0) >= limits.connectionsPerAddress) return 'connections_per_address'
    return arrivals.of(group, clock.now()).take(1, clock.now()) ? undefined : 'connection_rate'
  }

  #leave(group: string | undefined): void {
    if (group === undefined) return
    const left = (this.#perGroup.get(group) ?? 1) - 1
    if (left === 0) this.#perGroup.delete(group)
    else this.#perGroup.set(group, left)
  }
}

function name(kind: ListenerKind, address: string, port: number): string {
  return `${kind} ${canonicalAddress(address)} ${port}`
}
