import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nodeBlobCrypto } from '../../node/host/blobs/node-blob-crypto.ts'
import { toHex } from '../wire/ids.ts'
import { sodiumBlobCrypto } from './blob-crypto.ts'

const text = (words: string): Uint8Array => new TextEncoder().encode(words)

describe.each([['libsodium', sodiumBlobCrypto], ['node:crypto', nodeBlobCrypto]])('blobs by %s', (_, crypto) => {
  test('SHA-256 of FIPS 180-4’s examples', () => {
    expect(toHex(crypto.sha256(text('')))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(toHex(crypto.sha256(text('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(toHex(crypto.sha256(text('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')))).toBe('248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1')
    expect(toHex(crypto.sha256(text('a'.repeat(1_000_000))))).toBe('cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0')
  })

  test('ChaCha20-Poly1305 under a nonce of zeros; what was changed does not open', () => {
    const key = new Uint8Array(32).map((_byte, i) => i)
    const sealed = crypto.seal(key, text('a chunk'))
    expect(toHex(sealed)).toBe('79982159d888cd36736638ee40090e290979ee5ce7bb36')
    expect(crypto.open(key, sealed)).toEqual(text('a chunk'))
    for (let i = 0; i < sealed.length; i++) expect(crypto.open(key, sealed.map((byte, at) => (at === i ? byte ^ 1 : byte)))).toBeUndefined()
    expect(crypto.open(new Uint8Array(32), sealed)).toBeUndefined()
    expect(crypto.open(key, new Uint8Array(15))).toBeUndefined()
  })
})

test('both make the same bytes, and the hash is the one that Node makes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes, key) => {
    expect(toHex(sodiumBlobCrypto.sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(toHex(nodeBlobCrypto.seal(key, bytes))).toBe(toHex(sodiumBlobCrypto.seal(key, bytes)))
    expect(nodeBlobCrypto.open(key, sodiumBlobCrypto.seal(key, bytes))).toEqual(bytes)
  }), { numRuns: 300 })
})
