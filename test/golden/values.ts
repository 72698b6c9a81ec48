/** Values as they stand in the JSON of golden vectors, and the fixed keys that everything is made with. */
import { signingPair, type SigningPair } from '../../crdt/crypto/sign.ts'
import { fromHex, toHex, type MemberId } from '../../crdt/wire/ids.ts'
import { makeIdentity } from '../../node/peer/mesh/make-identity.ts'
import type { Identity } from '../../node/peer/replica/identity.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Bytes become `{ "hex": … }`; what is undefined is left out. */
export function toJson(value: unknown): Json {
  if (value instanceof Uint8Array) return { hex: toHex(value) }
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).flatMap(([key, field]) => (field === undefined ? [] : [[key, toJson(field)]])))
  return value as Json
}

/** The value again: an object with nothing but `hex` is bytes. */
export function fromJson(json: Json): unknown {
  if (Array.isArray(json)) return json.map(fromJson)
  if (typeof json !== 'object' || json === null) return json
  const fields = Object.entries(json) as [string, Json][]
  if (fields.length === 1 && fields[0]![0] === 'hex') return fromHex(fields[0]![1] as string)
  return Object.fromEntries(fields.map(([key, field]) => [key, fromJson(field)]))
}

/** `length` bytes of one value. */
export const filled = (value: number, length = 32): Uint8Array => new Uint8Array(length).fill(value)

/** A device and its member, from fixed secrets. */
export interface Party {
  readonly name: string
  readonly identity: Identity
  readonly root: SigningPair
  readonly member: MemberId
}

/** The secrets of a party, as the vectors name them. */
export interface PartySecrets {
  readonly name: string
  readonly seed: string
  readonly sealingSecret: string
  readonly rootSeed: string
}

/** Everything about a party that follows from its secrets. */
export function partyOf({ name, seed, sealingSecret, rootSeed }: PartySecrets): Party {
  const root = signingPair(fromHex(rootSeed))
  return { name, identity: makeIdentity(fromHex(seed), fromHex(sealingSecret)), root, member: root.publicKey as MemberId }
}

const secrets = (name: string, device: number, member: number): PartySecrets => ({ name, seed: toHex(filled(device)), sealingSecret: toHex(filled(0x40 + device)), rootSeed: toHex(filled(0x80 + member)) })

/** Who takes part: Alice has three devices. */
export const partySecrets = {
  alice: secrets('alice', 1, 1),
  second: secrets('second', 2, 1),
  third: secrets('third', 3, 1),
  bob: secrets('bob', 4, 4),
  /** Bob's device with its later sealing key. */
  resealed: { ...secrets('resealed', 4, 4), sealingSecret: toHex(filled(0x99)) },
  carol: secrets('carol', 5, 5),
  dave: secrets('dave', 6, 6),
} as const

/** Bytes that stand for random ones: another value at each call. */
export class CountedBytes {
  #count = 0
  bytes(length: number): Uint8Array {
    return filled(this.#count++ & 0xff, length)
  }
}
