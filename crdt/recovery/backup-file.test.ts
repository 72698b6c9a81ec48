import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasher } from '../crypto/hash.ts'
import { usualCost } from '../crypto/passphrase-key.ts'
import { decode, encode, uint } from '../wire/codec.ts'
import { toHex, type DeviceId, type EntryId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'
import { domains } from '../wire/protocols.ts'
import { holds, patience } from '../../test/property/runs.ts'
import { backup, type Backup } from './backup.ts'
import { backupFileBytes, openBackup, sealBackup } from './backup-file.ts'

/** The least that Argon2 takes: what is tested is the file. */
const cheap = { passes: 1, kibibytes: 8, lanes: 1 }
const passphrase = 'a reef, a ring'
const filled = (value: number, length = 32): Uint8Array => new Uint8Array(length).fill(value)
const id = <T extends string>(value: number): T => toHex(filled(value)) as T
const content: Backup = {
  made: 1_800_000_000_000,
  meshes: [{ mesh: id<EntryId>(1), name: 'reef', memberName: 'alice', root: filled(2), relays: ['/dns/relay.example/tcp/4001/p2p/x'], peers: [{ device: id<DeviceId>(3), addresses: ['/ip4/192.0.2.1/tcp/4001'] }], frontier: [id<EntryId>(4), id<EntryId>(5)] }],
}
const sealing = { passphrase, salt: filled(6, 16), nonce: filled(7, 24), cost: cheap }
const whole = sealBackup(content, sealing)

/** The file with other bytes inside and a checksum that fits them: what somebody hostile, or a later version, writes. */
function resummed(change: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const changed = change(whole.slice(0, -16))
  return Uint8Array.from([...changed, ...hasher(domains.backupChecksum)(changed).subarray(0, 16)])
}

const start = 'ATOLLBAK'.length + 1
/** The file with other Argon2id parameters, which stand in three bytes here. */
const costing = (passes: number, kibibytes: number, lanes: number): Uint8Array =>
  resummed((bytes) => Uint8Array.from([...bytes.subarray(0, start), ...[passes, kibibytes, lanes].flatMap((value) => [...encode(uint, value)]), ...bytes.subarray(start + 3)]))

describe('a backup file', () => {
  test('R2: gives back what was put in, to the same passphrase however it was typed, and to no other', () => {
    expect(openBackup(whole, passphrase)).toEqual({ ok: true, backup: content })
    expect(openBackup(whole, 'a reef, a Ring')).toEqual({ ok: false, problem: 'passphrase' })
    const composed = sealBackup(content, { ...sealing, passphrase: 'r\u00e9cif' })
    expect(openBackup(composed, 're\u0301cif')).toMatchObject({ ok: true })
  })

  test('R2: is sealed at the usual cost unless told otherwise, which a hostile file cannot exceed much', () => {
    const usual = sealBackup(content, { passphrase, salt: sealing.salt, nonce: sealing.nonce })
    expect(usual.subarray(start, start + 5)).toEqual(Uint8Array.of(usualCost.passes, 0x80, 0x80, 0x04, usualCost.lanes))
  })

  test('R2: is refused as damaged with any byte changed, any bit flipped, cut anywhere, or with something behind it', () => {
    const odd: unknown[] = []
    for (let at = 0; at < whole.length; at++) {
      for (const other of [whole.with(at, whole[at]! ^ 0xff), whole.with(at, whole[at]! ^ (1 << at % 8)), whole.subarray(0, at)]) {
        const read = openBackup(other, passphrase)
        const expected = at < 8 ? 'foreign' : 'damaged'
        if (read.ok || read.problem !== expected) odd.push([at, read])
      }
    }
    expect(odd).toEqual([])
    expect(openBackup(Uint8Array.from([...whole, 0]), passphrase)).toMatchObject({ problem: 'damaged' })
  })

  test('R2: of a later version is named so, however it goes on', () => {
    expect(openBackup(resummed((bytes) => bytes.with(8, 2)), passphrase)).toEqual({ ok: false, problem: 'newer', version: 2 })
    expect(openBackup(resummed((bytes) => Uint8Array.from([...bytes.subarray(0, 8), 9])), passphrase)).toEqual({ ok: false, problem: 'newer', version: 9 })
  })

  test('R2 T8: asks for no more memory, time or bytes than the limits allow: over each edge it is refused before any of it is done', () => {
    const { backupPasses: passes, backupKibibytes: kibibytes, backupLanes: lanes } = limits
    for (const [p, k, l] of [[passes + 1, 8, 1], [0, 8, 1], [1, kibibytes + 1, 1], [1, 2 ** 52, 1], [1, 7, 1], [1, 1024, lanes + 1], [1, 8, 0], [1, 8, 2]] as const) {
      expect(openBackup(costing(p, k, l), passphrase), `${p} ${k} ${l}`).toMatchObject({ ok: false, problem: 'damaged' })
    }
    // At the edges it is tried, and does not open: the parameters are sealed in.
    expect(openBackup(costing(passes, 8, 1), passphrase)).toEqual({ ok: false, problem: 'passphrase' })
    expect(openBackup(costing(1, 8 * lanes, lanes), passphrase)).toEqual({ ok: false, problem: 'passphrase' })
    expect(openBackup(new Uint8Array(backupFileBytes + 1), passphrase)).toMatchObject({ problem: 'foreign' })
  })

  test('R2: that names one mesh twice is nobody’s honest work', () => {
    const twice = sealBackup({ ...content, meshes: [...content.meshes, ...content.meshes] }, sealing)
    expect(openBackup(twice, passphrase)).toMatchObject({ problem: 'damaged' })
  })

  test('R2 T8: any bytes behind a fitting checksum are refused or read, and nothing throws', patience, () => {
    holds(fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (bytes, at) => {
      const any = openBackup(resummed((good) => Uint8Array.from([...good.subarray(0, 9), ...bytes])), passphrase)
      expect(any.ok).toBe(false)
      const spliced = openBackup(resummed((good) => Uint8Array.from([...good.subarray(0, start + 3 + (at % (good.length - start - 3))), ...bytes])), passphrase)
      expect(spliced.ok).toBe(false)
    }), 200)
  })

  test('T10: the content is one canonical encoding', patience, () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 20 })
    const ids = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex)
    const meshes = fc.uniqueArray(fc.record({ mesh: ids, name, memberName: name, root: fc.uint8Array({ minLength: 32, maxLength: 32 }), relays: fc.array(name, { maxLength: 3 }), peers: fc.array(fc.record({ device: ids, addresses: fc.array(name, { maxLength: 3 }) }), { maxLength: 3 }), frontier: fc.uniqueArray(ids, { maxLength: 4 }).map((all) => all.sort()) }), { maxLength: 3, selector: ({ mesh }) => mesh })
    holds(fc.property(fc.record({ made: fc.nat(), meshes }), (value) => {
      const read = openBackup(sealBackup(value as unknown as Backup, sealing), passphrase)
      expect(read).toEqual({ ok: true, backup: value })
      expect(read.ok && decode(backup, encode(backup, read.backup))).toEqual({ ok: true, value })
    }), 30)
  })
})
