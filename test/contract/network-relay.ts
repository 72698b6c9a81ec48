import { generateKeyPair } from '@libp2p/crypto/keys'
import { startRelay, type Relay, type RelayOptions } from '../../relay/relay.ts'
import { portOf } from './network-libp2p-world.ts'

const quiet = { info: () => {}, warn: () => {}, debug: () => {} }

/** A real relay on loopback that can be stopped and started again at the same place with the same key. */
export class RelayOnLoopback implements AsyncDisposable {
  readonly #options: RelayOptions
  #relay: Relay

  private constructor(options: RelayOptions, relay: Relay) {
    this.#options = options
    this.#relay = relay
  }

  static async start(limits: RelayOptions['limits'] = {}): Promise<RelayOnLoopback> {
    const key = await generateKeyPair('Ed25519')
    const options: RelayOptions = { key, listen: '127.0.0.1:0', listenWs: '127.0.0.1:0', http: '127.0.0.1:0', log: quiet, version: 'test', limits }
    const relay = await startRelay(options)
    const [tcp, ws] = relay.addresses.map(portOf)
    return new RelayOnLoopback({ ...options, listen: `127.0.0.1:${tcp}`, listenWs: `127.0.0.1:${ws}` }, relay)
  }

  get address(): string {
    return this.#relay.addresses.find((address) => !address.includes('/ws/'))!
  }

  get addressWs(): string {
    return this.#relay.addresses.find((address) => address.includes('/ws/'))!
  }

  status(): ReturnType<Relay['status']> {
    return this.#relay.status()
  }

  async stop(): Promise<void> {
    await this.#relay.stop()
  }

  async startAgain(): Promise<void> {
    this.#relay = await startRelay(this.#options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#relay.stop()
  }
}
