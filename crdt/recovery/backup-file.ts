/**
 * A backup as one file: `magic · version · Argon2id parameters · salt · nonce · sealed body · checksum`. Everything
 * up to the nonce is its associated data. The checksum stands outside the seal, so that damage is not taken
 * for a wrong passphrase; magic and checksum have their place in every version, so that damage is not taken for a
 * newer version either.
 */
import { concat, hasher, sameBytes } from '../crypto/hash.ts'
import { passphraseKey, saltBytes, usualCost, type PassphraseCost } from '../crypto/passphrase-key.ts'
import { nonceBytes, open, seal } from '../crypto/seal.ts'
import { bytes, decode, encode, fixed, struct, uint, type TypeOf } from '../wire/codec.ts'
import { limits } from '../wire/limits.ts'
import { domains } from '../wire/protocols.ts'
import { backup, type Backup } from './backup.ts'

/** What this Atoll writes, and the newest it reads. */
export const backupVersion = 1
const magic = new TextEncoder().encode('ATOLLBAK')
const checksumBytes = 16
const checksum = hasher(domains.backupChecksum)

const headFields = { passes: uint, kibibytes: uint, lanes: uint, salt: fixed(saltBytes), nonce: fixed(nonceBytes) }
const head = struct(headFields)
const body = struct({ ...headFields, sealed: bytes(limits.backupBytes) })

/** What a backup is sealed with. */
export interface BackupSeal {
  readonly passphrase: string
  /** 16 fresh random bytes. */
  readonly salt: Uint8Array
  /** 24 fresh random bytes. */
  readonly nonce: Uint8Array
  /** What a guess costs; `usualCost` where it is left out. */
  readonly cost?: PassphraseCost
}

export type OpenedBackup =
  | { readonly ok: true; readonly backup: Backup }
  /** `foreign` never was a backup; `damaged` was one, or is one that no honest program wrote. */
  | { readonly ok: false; readonly problem: 'foreign' | 'damaged'; readonly why: string }
  | { readonly ok: false; readonly problem: 'newer'; readonly version: number }
  | { readonly ok: false; readonly problem: 'passphrase' }

/** The bytes of the file. Takes as long as a guess costs. */
export function sealBackup(content: Backup, { passphrase, salt, nonce, cost = usualCost }: BackupSeal): Uint8Array {
  const fields = { ...cost, salt, nonce }
  const sealed = seal(passphraseKey(passphrase, salt, cost), nonce, encode(backup, content), associated(fields))
  const whole = concat(magic, encode(uint, backupVersion), encode(body, { ...fields, sealed }))
  return concat(whole, checksum(whole).subarray(0, checksumBytes))
}

/** The longest file that can be a backup: whoever reads one need not read more. */
export const backupFileBytes = limits.backupBytes + 256

/** Reads a file that anybody may have made. A passphrase is tried only on what is whole and within bounds. */
export function openBackup(whole: Uint8Array, passphrase: string): OpenedBackup {
  if (whole.length > backupFileBytes || !sameBytes(whole.subarray(0, magic.length), magic)) return { ok: false, problem: 'foreign', why: 'it does not begin as one' }
  const end = whole.length - checksumBytes
  const start = magic.length
  if (end <= start || !sameBytes(whole.subarray(end), checksum(whole.subarray(0, end)).subarray(0, checksumBytes))) return damaged('its checksum does not fit')
  // One byte up to version 127: what a later one is, a later Atoll knows.
  if (whole[start] !== backupVersion) return { ok: false, problem: 'newer', version: whole[start] as number }
  const read = decode(body, whole.subarray(start + 1, end))
  if (!read.ok) return damaged(read.detail)
  const { value } = read
  if (!isBearable(value)) return damaged('it asks for more work than any backup needs')
  const plain = open(passphraseKey(passphrase, value.salt, value), value.nonce, value.sealed, associated(value))
  if (!plain) return { ok: false, problem: 'passphrase' }
  const content = decode(backup, plain)
  if (!content.ok) return damaged(content.detail)
  const { meshes } = content.value
  return new Set(meshes.map(({ mesh }) => mesh)).size === meshes.length ? { ok: true, backup: content.value } : damaged('it names a mesh twice')
}

function damaged(why: string): OpenedBackup {
  return { ok: false, problem: 'damaged', why }
}

function associated(fields: TypeOf<typeof head>): Uint8Array {
  return concat(magic, encode(uint, backupVersion), encode(head, fields))
}

/** A hostile file must not take gigabytes or hours; Argon2 itself asks for eight blocks a lane. */
function isBearable({ passes, kibibytes, lanes }: PassphraseCost): boolean {
  const within = passes >= 1 && passes <= limits.backupPasses && lanes >= 1 && lanes <= limits.backupLanes
  return within && kibibytes >= 8 * lanes && kibibytes <= limits.backupKibibytes
}
