import { nonceBytes } from '../../../crdt/crypto/seal.ts'
import type { Verify } from '../../../crdt/crypto/sign.ts'
import { KeyWrapper, sealingPair } from '../../../crdt/crypto/wrap.ts'
import { openWhisper, sealWhisper } from '../../../crdt/sync/whisper.ts'
import { isWhisperToSome, openWhisperTo, overheadBytes, sealWhisperTo, slotBytes, type Said } from '../../../crdt/sync/whisper-to-some.ts'
import { toHex, type DeviceId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Replica } from '../replica/replica.ts'

/** So much may be said in one whisper. */
const mostBytes = limits.whisperBytes - overheadBytes
/** What is for those whom no session of ours reaches goes to so many neighbours, who pass it on. */
const carriers = 3

export interface WhispersNeeds {
  readonly replica: Replica
  readonly runtime: Runtime
  readonly verify: Verify
  readonly boot: Uint8Array
  /** To everybody there is a session with, save those to be skipped. */
  readonly send: (bytes: Uint8Array, skip: (remote: DeviceId) => boolean) => void
}

/** The whispers of one mesh: seals what is said, under its newest epoch or for some devices; opens what is heard, each once. */
export class Whispers {
  readonly #needs: WhispersNeeds
  /** The newest whisper heard of each device and boot. */
  readonly #marks = new Map<string, number>()
  /** Nonces of those for some that have come. */
  readonly #seen = new Set<string>()
  /** Of this boot alone: it tells whoever only passes whispers on no more than that they have one author. */
  readonly #wrapper: KeyWrapper
  #counter = 0

  constructor(needs: WhispersNeeds) {
    this.#needs = needs
    this.#wrapper = new KeyWrapper(sealingPair(needs.runtime.random.bytes(32)))
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

  /**
   * Says something to these devices and nobody else, in parts where they are many.
   * @param neighbours those there is a session with
   * @returns false where it is too long
   */
  sayTo(devices: readonly DeviceId[], plain: Uint8Array, neighbours: ReadonlySet<DeviceId>): boolean {
    const slots = Math.min(limits.slotsPerWhisper, Math.floor((mostBytes - plain.length) / slotBytes))
    if (slots <= carriers) return false
    const { replica, runtime, boot, send } = this.#needs
    const view = replica.membership.now()
    const able = devices.filter((device) => view.sealingKey(device) !== undefined)
    for (const part of partsOf(able.filter((device) => neighbours.has(device)), able.filter((device) => !neighbours.has(device)), slots)) {
      const keys = part.flatMap((device) => view.sealingKey(device) ?? [])
      const bytes = sealWhisperTo(replica.mesh, { boot, counter: ++this.#counter, plain }, keys, this.#wrapper, replica.identity.signing, (length) => runtime.random.bytes(length))
      send(bytes, (remote) => !part.includes(remote))
    }
    return true
  }

  /** What a member said, if it is news, genuine and for this device. */
  open(bytes: Uint8Array): Said | undefined {
    const { replica, verify } = this.#needs
    const isNews = ({ device, boot, counter }: Pick<Said, 'device' | 'boot' | 'counter'>): boolean => (this.#marks.get(`${device}${toHex(boot)}`) ?? 0) < counter
    const whisper = isWhisperToSome(bytes)
      ? openWhisperTo(replica.mesh, bytes, replica.identity.wrapper, verify, (nonce) => this.#isFirst(nonce))
      : openWhisper(replica.mesh, bytes, (epoch) => replica.ledger.keyring.whisperKey(epoch), verify, isNews)
    if (!whisper || !isNews(whisper) || whisper.device === replica.identity.device || !replica.membership.now().device(whisper.device)) return undefined
    if (this.#marks.size >= limits.whispersKept) this.#marks.clear()
    this.#marks.set(`${whisper.device}${toHex(whisper.boot)}`, whisper.counter)
    return whisper
  }

  /** Passes a whisper on as it came. */
  passOn(bytes: Uint8Array, skip: (remote: DeviceId) => boolean): void {
    this.#needs.send(bytes, skip)
  }

  #isFirst(nonce: Uint8Array): boolean {
    const id = toHex(nonce)
    if (this.#seen.has(id)) return false
    if (this.#seen.size >= limits.whispersKept) this.#seen.clear()
    this.#seen.add(id)
    return true
  }
}

/** Neighbours first; each part has some, or nobody would hear it. */
function partsOf(near: readonly DeviceId[], far: readonly DeviceId[], size: number): readonly (readonly DeviceId[])[] {
  const parts: DeviceId[][] = []
  for (let at = 0; at < near.length; at += size) parts.push(near.slice(at, at + size))
  const last = parts.at(-1)
  if (!last) return []
  const room = size - last.length
  last.push(...far.slice(0, room))
  const carried = near.slice(0, carriers)
  for (let at = room; at < far.length; at += size - carried.length) parts.push([...carried, ...far.slice(at, at + size - carried.length)])
  return parts
}
