import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'
import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Timers } from '../../ports/runtime.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import { portOf } from './listen-addresses.ts'
import { somethingElse } from './why.ts'

/** Node tells here of each socket that any server of this process accepts, and of each that anything opens. */
const accepted = 'net.server.socket'
const opened = 'net.client.socket'
/** A socket that is no authenticated connection by then is cut. */
const upgradeMs = 15_000
/** How long a connection that libp2p has closed may take to say goodbye. */
const farewellMs = 2_000

interface Guest {
  readonly socket: Socket
  timer: Disposable | undefined
}

/**
 * The sockets beneath the connections: those that come in are counted from the accept on and cut when they do not
 * become a connection in time; all are destroyed for certain when their connection is gone.
 *
 * libp2p does neither for WebSockets: its listener waits for ever for a first byte, it cannot abort a connection
 * (close code 1006 is refused by every WebSocket), and it leaves one open whose upgrade failed.
 */
export class SocketGuard implements Disposable {
  readonly #limits: ConnectionLimits
  readonly #timers: Timers
  readonly #ports: () => readonly number[]
  readonly #guests = new Map<string, Guest>()
  readonly #perAddress = new Map<string, number>()
  readonly #dialling = new AsyncLocalStorage<Socket[]>()
  readonly #dialled = new WeakMap<Connection, readonly Socket[]>()
  readonly #accepted = (message: unknown): void => {
    const socket = socketOf(message)
    if (socket !== undefined) this.#accept(socket)
  }
  readonly #opened = (message: unknown): void => {
    const socket = socketOf(message)
    if (socket !== undefined) this.#dialling.getStore()?.push(socket)
  }

  /** @param ports those that this node listens on, asked anew for each socket */
  constructor(limits: ConnectionLimits, timers: Timers, ports: () => readonly number[]) {
    this.#limits = limits
    this.#timers = timers
    this.#ports = ports
    subscribe(accepted, this.#accepted)
    subscribe(opened, this.#opened)
  }

  /** Runs a dial to one address; the socket it opens lives no longer than the connection it returns. */
  async dial(address: Multiaddr, dial: () => Promise<Connection>): Promise<Connection> {
    const opened: Socket[] = []
    // Whoever hears of the connection may open sockets of its own meanwhile: those are none of ours.
    const ours = (): Socket[] => opened.filter(({ remotePort }) => remotePort === portOf(address))
    try {
      const connection = await this.#dialling.run(opened, dial)
      this.#dialled.set(connection, ours())
      return connection
    } catch (error) {
      // One that is closed does not know its port any more.
      const answered = opened.some(({ bytesRead, remotePort }) => bytesRead > 0 && (remotePort ?? portOf(address)) === portOf(address))
      for (const socket of ours()) socket.destroy()
      // A WebSocket does not say why it failed. If something came back, it was not what a WebSocket begins with.
      throw answered && !(error instanceof Error) ? new Error(somethingElse, { cause: error }) : error
    }
  }

  /** This socket is an authenticated connection now and may stay. */
  upgraded(connection: Connection): void {
    if (connection.direction === 'inbound') this.#guests.get(remoteName(connection.remoteAddr))?.timer?.[Symbol.dispose]()
  }

  /** The address of this machine that a direct connection runs over; all of 127/8 is 127.0.0.1. */
  ownAddress(connection: Connection): string | undefined {
    const [dialled] = this.#dialled.get(connection) ?? []
    const socket = connection.direction === 'inbound' ? this.#guests.get(remoteName(connection.remoteAddr))?.socket : dialled
    return socket?.localAddress === undefined ? undefined : canonical(socket.localAddress).replace(/^127\..*/, '127.0.0.1')
  }

  /** libp2p is done with it. */
  closed(connection: Connection): void {
    const guest = connection.direction === 'inbound' ? this.#guests.get(remoteName(connection.remoteAddr)) : undefined
    if (guest !== undefined) guest.timer = this.#timers.after(farewellMs, () => guest.socket.destroy())
    for (const socket of this.#dialled.get(connection) ?? []) {
      const timer = this.#timers.after(farewellMs, () => socket.destroy())
      socket.once('close', () => timer[Symbol.dispose]())
    }
  }

  /** Destroys what is left. */
  [Symbol.dispose](): void {
    unsubscribe(accepted, this.#accepted)
    unsubscribe(opened, this.#opened)
    for (const { socket } of this.#guests.values()) socket.destroy()
  }

  #accept(socket: Socket): void {
    const { localPort, remoteAddress, remotePort } = socket
    if (localPort === undefined || remoteAddress === undefined || remotePort === undefined || !this.#ports().includes(localPort)) return
    const address = canonical(remoteAddress)
    const open = this.#perAddress.get(address) ?? 0
    if (this.#guests.size >= this.#limits.connections || open >= this.#limits.connectionsPerAddress) {
      socket.destroy()
      return
    }
    const key = `${address} ${remotePort}`
    const guest: Guest = { socket, timer: this.#timers.after(upgradeMs, () => socket.destroy()) }
    this.#guests.set(key, guest)
    this.#perAddress.set(address, open + 1)
    socket.once('close', () => {
      guest.timer?.[Symbol.dispose]()
      if (this.#guests.get(key) === guest) this.#guests.delete(key)
      const left = (this.#perAddress.get(address) ?? 1) - 1
      if (left === 0) this.#perAddress.delete(address)
      else this.#perAddress.set(address, left)
    })
  }
}

function socketOf(message: unknown): Socket | undefined {
  return message !== null && typeof message === 'object' && 'socket' in message && message.socket instanceof Socket ? message.socket : undefined
}

function remoteName(address: Multiaddr): string {
  const ip = address.getComponents().find(({ name }) => name === 'ip4' || name === 'ip6')?.value ?? ''
  return `${canonical(ip)} ${portOf(address)}`
}

/** An IPv4 address in IPv6 clothes is that IPv4 address. */
function canonical(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}
