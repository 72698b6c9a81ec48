import { generateKeyPair } from '@libp2p/crypto/keys'
import { randomInt } from 'node:crypto'
import { RelayError } from '../../relay/relay-error.ts'
import { startRelay, type Relay, type RelayOptions } from '../../relay/relay.ts'

/** Outside the range that systems hand out ports from: nobody takes the place of a relay while it is stopped. */
const anyPort = (): number => randomInt(10_000, 32_000)

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
    for (let tries = 0; ; tries++) {
      const options: RelayOptions = { key, listen: `127.0.0.1:${anyPort()}`, listenWs: `127.0.0.1:${anyPort()}`, http: '127.0.0.1:0', log: quiet, version: 'test', limits }
      try {
        return new RelayOnLoopback(options, await startRelay(options))
      } catch (error) {
        if (!(error instanceof RelayError) || tries === 20) throw error
      }
    }
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
