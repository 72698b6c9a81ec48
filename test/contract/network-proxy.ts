import { connect, createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

/** A TCP proxy on loopback that a test can stop in either direction: a cable with a hand on it. */
export class Proxy implements AsyncDisposable {
  readonly #server: Server
  readonly #to: number
  readonly #flows = new Set<{ readonly dialler: Socket; readonly listener: Socket }>()
  #stalled = { up: false, down: false }

  private constructor(to: number) {
    this.#to = to
    this.#server = createServer((dialler) => this.#accept(dialler))
  }

  static async to(port: number): Promise<Proxy> {
    const proxy = new Proxy(port)
    await new Promise<void>((listening) => proxy.#server.listen(0, '127.0.0.1', listening))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get connections(): number {
    return this.#flows.size
  }

  /** Nothing more is read in these directions: `up` is from who dialled. New connections are stalled as well. */
  stall(directions: { readonly up?: boolean; readonly down?: boolean }): void {
    this.#stalled = { ...this.#stalled, ...directions }
    for (const flow of this.#flows) this.#apply(flow)
  }

  /** Cuts every connection, as a router that restarts. */
  cut(): void {
    for (const { dialler, listener } of this.#flows) {
      dialler.destroy()
      listener.destroy()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise<unknown>((closed) => this.#server.close(closed))
  }

  #accept(dialler: Socket): void {
    const flow = { dialler, listener: connect(this.#to, '127.0.0.1') }
    this.#flows.add(flow)
    this.#join(flow.dialler, flow.listener, flow)
    this.#join(flow.listener, flow.dialler, flow)
    this.#apply(flow)
  }

  #join(from: Socket, to: Socket, flow: { readonly dialler: Socket; readonly listener: Socket }): void {
    from.setNoDelay(true)
    from.on('data', (bytes) => {
      if (to.write(bytes)) return
      from.pause()
      to.once('drain', () => this.#apply(flow))
    })
    from.on('end', () => to.end())
    from.on('error', () => to.destroy())
    from.on('close', () => {
      to.destroy()
      this.#flows.delete(flow)
    })
  }

  #apply({ dialler, listener }: { readonly dialler: Socket; readonly listener: Socket }): void {
    if (this.#stalled.up) dialler.pause()
    else dialler.resume()
    if (this.#stalled.down) listener.pause()
    else listener.resume()
  }
}
