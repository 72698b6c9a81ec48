import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto'
import { describe, expect, it } from 'vitest'
import { noiseCrypto } from './noise-crypto.ts'

const key = Uint8Array.from({ length: 32 }, (_, i) => i)
const nonce = Uint8Array.from({ length: 12 }, (_, i) => 100 + i)
const ad = Uint8Array.of(1, 2, 3)
const text = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7) % 251)
const bytesOf = (bytes: ReturnType<typeof noiseCrypto.chaCha20Poly1305Encrypt>): Uint8Array => Uint8Array.from(bytes.subarray())

describe('the cipher of noise', () => {
  it.each([0, 1, 1199, 1200, 1201, 65_519])('seals and opens %i bytes as the default does', (length) => {
    const plain = text(length)
    const sealed = bytesOf(noiseCrypto.chaCha20Poly1305Encrypt(plain, nonce, ad, key))
    expect(sealed).toEqual(bytesOf(defaultCrypto.chaCha20Poly1305Encrypt(plain, nonce, ad, key)))
    expect(bytesOf(noiseCrypto.chaCha20Poly1305Decrypt(sealed, nonce, ad, key))).toEqual(plain)
    expect(bytesOf(defaultCrypto.chaCha20Poly1305Decrypt(sealed.slice(), nonce, ad, key))).toEqual(plain)
  })

  it.each([0, 1000, 5000, 5015])('refuses what was changed at %i', (at) => {
    const sealed = bytesOf(noiseCrypto.chaCha20Poly1305Encrypt(text(5000), nonce, ad, key))
    sealed[at] = (sealed[at] as number) ^ 1
    expect(() => noiseCrypto.chaCha20Poly1305Decrypt(sealed, nonce, ad, key)).toThrow(Error)
  })

  it('keeps keys apart', () => {
    const other = key.slice().reverse()
    const sealed = bytesOf(noiseCrypto.chaCha20Poly1305Encrypt(text(5000), nonce, ad, key))
    expect(() => noiseCrypto.chaCha20Poly1305Decrypt(sealed, nonce, ad, other)).toThrow(Error)
  })
})
