import { nonceBytes } from '../../../crdt/crypto/seal.ts'
import type { Verify } from '../../../crdt/crypto/sign.ts'
import { openWhisper, sealWhisper, type Whisper } from '../../../crdt/sync/whisper.ts'
import { toHex, type DeviceId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'

/** So much may be said in one whisper. */
const mostBytes = limits.whisperBytes - 512

export interface WhispersNeeds {
  readonly replica: Replica
  readonly runtime: Runtime
  readonly verify: Verify
  readonly boot: Uint8Array
  /** To everybody there is a session with, save those to be skipped. */
  readonly send: (bytes: Uint8Array, skip: (remote: DeviceId) => boolean) => void
}

/** The whispers of one mesh: seals what is said under its newest epoch, opens what is heard, each once. */
export class Whispers {
  readonly #needs: WhispersNeeds
  /** The newest whisper heard of each device and boot. */
  readonly #marks = new Map<string, number>()
  #counter = 0

  constructor(needs: WhispersNeeds) {
    this.#needs = needs
  }

  /** @returns false where it is too long, or this device has no key to seal it with */
  say(plain: Uint8Array, skip: (remote: DeviceId) => boolean = () => false): boolean {
    const { replica, runtime, boot, send } = this.#needs
    if (plain.length > mostBytes) return false
    const epoch = replica.membership.now().epochs().find((known) => replica.ledger.keyring.has(known))
    const key = epoch && replica.ledger.keyring.whisperKey(epoch)
    if (!epoch || !key) return false
    const header = { epoch, boot, counter: ++this.#counter, nonce: runtime.random.bytes(nonceBytes) }
    send(sealWhisper(replica.mesh, header, key, plain, replica.identity.signing), skip)
    return true
  }

  /** What a member said, if it is news and genuine. */
  open(bytes: Uint8Array): Whisper | undefined {
    const { replica, verify } = this.#needs
    const isNews = ({ device, boot, counter }: Pick<Whisper, 'device' | 'boot' | 'counter'>): boolean => (this.#marks.get(`${device}${toHex(boot)}`) ?? 0) < counter
    const whisper = openWhisper(replica.mesh, bytes, (epoch) => replica.ledger.keyring.whisperKey(epoch), verify, isNews)
    if (!whisper || whisper.device === replica.identity.device || !replica.membership.now().device(whisper.device)) return undefined
    if (this.#marks.size >= limits.whispersKept) this.#marks.clear()
    this.#marks.set(`${whisper.device}${toHex(whisper.boot)}`, whisper.counter)
    return whisper
  }

  /** Passes a whisper on as it came. */
  passOn(bytes: Uint8Array, skip: (remote: DeviceId) => boolean): void {
    this.#needs.send(bytes, skip)
  }
}
