/** The primitives against vectors that others published, through the library we ship and through our own functions. */
import { expect, test } from 'vitest'
import { fromHex, toHex, type SealingKey } from '../wire/ids.ts'
import { domains } from '../wire/protocols.ts'
import { concat, derive, domainBytes, hasher } from './hash.ts'
import { open, seal } from './seal.ts'
import { sign, signingPair, verify } from './sign.ts'
import { sodium } from './sodium.ts'
import { KeyWrapper, sealingPair } from './wrap.ts'

// RFC 8032, section 7.1: TEST 1, 2, 3 and SHA(abc).
const ed25519 = [
  ['9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', '', 'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'],
  ['4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', '72', '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'],
  ['c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7', 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025', 'af82', '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a'],
  ['833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42', 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf', 'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f', 'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704'],
] as const

test.each(ed25519)('T10: Ed25519 as in RFC 8032 (seed %s)', (seed, publicKey, message, signature) => {
  const pair = signingPair(fromHex(seed))
  expect(pair.publicKey).toBe(publicKey)
  expect(toHex(sodium.crypto_sign_detached(fromHex(message), concat(pair.seed, fromHex(publicKey))))).toBe(signature)
  expect(sodium.crypto_sign_verify_detached(fromHex(signature), fromHex(message), fromHex(publicKey))).toBe(true)
  expect(sodium.crypto_sign_verify_detached(fromHex(signature), fromHex(`${message}00`), fromHex(publicKey))).toBe(false)
})

test('T10: our signatures are Ed25519 over domain, mesh id and bytes, and over nothing less', () => {
  const pair = signingPair(fromHex(ed25519[0][0]))
  const [mesh, bytes] = ['ab'.repeat(32), Uint8Array.of(1, 2, 3)]
  const signature = sign(domains.entry, mesh, bytes, pair)
  const covered = concat(fromHex('61746f6c6c2f656e7472792f763100000000000000000000' + '0000000000000000'), fromHex(mesh), bytes)
  expect(toHex(signature)).toBe(toHex(sodium.crypto_sign_detached(covered, concat(pair.seed, fromHex(pair.publicKey)))))
  expect(verify(domains.entry, mesh, bytes, signature, pair.publicKey)).toBe(true)
  for (const domain of Object.values(domains)) expect(verify(domain, mesh, bytes, signature, pair.publicKey)).toBe(domain === domains.entry)
  expect(verify(domains.entry, 'ac'.repeat(32), bytes, signature, pair.publicKey)).toBe(false)
  expect(verify(domains.entry, mesh, Uint8Array.of(1, 2, 4), signature, pair.publicKey)).toBe(false)
  expect(verify(domains.entry, mesh, bytes, signature, signingPair(fromHex(ed25519[1][0])).publicKey)).toBe(false)
})

test('T2: keys and signatures that are no points, of low order or beyond the group order are refused, not thrown', () => {
  const pair = signingPair(fromHex(ed25519[0][0]))
  const [mesh, bytes] = ['00'.repeat(32), new Uint8Array()]
  const signature = sign(domains.entry, mesh, bytes, pair)
  for (const key of ['00'.repeat(32), `01${'00'.repeat(31)}`, 'ff'.repeat(32), `ec${'ff'.repeat(30)}7f`, '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05']) {
    for (const forged of [signature, new Uint8Array(64), concat(fromHex(key), new Uint8Array(32))]) expect(verify(domains.entry, mesh, bytes, forged, key)).toBe(false)
  }
  // The same signature with the group order added to its second half (RFC 8032, section 8.4).
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const half = BigInt(`0x${toHex(signature.slice(32).toReversed())}`) + order
  const malleable = concat(signature.slice(0, 32), fromHex(half.toString(16).padStart(64, '0')).toReversed())
  expect(verify(domains.entry, mesh, bytes, malleable, pair.publicKey)).toBe(false)
})

// RFC 7693, appendix A; and the keyed ones of the reference implementation (blake2-kat.h: key 00..3f, input 00..).
test('T10: BLAKE2b as in RFC 7693 and the reference vectors', () => {
  const abc = new TextEncoder().encode('abc')
  expect(toHex(sodium.crypto_generichash(64, abc, null))).toBe('ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923')
  const counted = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i)
  expect(toHex(sodium.crypto_generichash(64, counted(0), counted(64)))).toBe('10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568')
  expect(toHex(sodium.crypto_generichash(64, counted(1), counted(64)))).toBe('961f6dd1e4dd30f63901690c512e78e4b45e4742ed197c3c5e45c549fd25f2e4187b0bc9fe30492b16b0d0bc4ef9b0f34c7003fac09a5ef1532e69430234cebd')
  expect(toHex(sodium.crypto_generichash(32, abc, null))).toBe('bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319')
})

test('T10: our hashes are BLAKE2b-256 keyed with the domain, our derivations with the secret', () => {
  const bytes = Uint8Array.of(1, 2, 3)
  for (const domain of Object.values(domains)) {
    expect(toHex(domainBytes(domain))).toBe(Buffer.from(domain).toString('hex').padEnd(64, '0'))
    expect(toHex(hasher(domain)(bytes))).toBe(toHex(sodium.crypto_generichash(32, bytes, domainBytes(domain))))
    expect(toHex(derive(domain, new Uint8Array(32).fill(7), bytes))).toBe(toHex(sodium.crypto_generichash(32, concat(domainBytes(domain), bytes), new Uint8Array(32).fill(7))))
  }
})

// RFC 7748, sections 5.2 and 6.1.
test('T10: X25519 as in RFC 7748', () => {
  expect(toHex(sodium.crypto_scalarmult(fromHex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4'), fromHex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c')))).toBe('c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552')
  expect(toHex(sodium.crypto_scalarmult(fromHex('4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d'), fromHex('e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493')))).toBe('95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957')
  const alice = sealingPair(fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'))
  const bob = sealingPair(fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'))
  expect([alice.publicKey, bob.publicKey]).toEqual(['8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a', 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'])
  expect(toHex(sodium.crypto_scalarmult(alice.secretKey, fromHex(bob.publicKey)))).toBe('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742')
})

// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
const sunscreen = {
  plain: new TextEncoder().encode("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."),
  associated: fromHex('50515253c0c1c2c3c4c5c6c7'),
  key: fromHex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'),
  nonce: fromHex('404142434445464748494a4b4c4d4e4f5051525354555657'),
  sealed: 'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e' + 'c0875924c1c7987947deafd8780acf49',
}

test('T10: sealing is XChaCha20-Poly1305 as in the draft, and opens only whole', () => {
  const { plain, associated, key, nonce, sealed } = sunscreen
  expect(toHex(seal(key, nonce, plain, associated))).toBe(sealed)
  expect(open(key, nonce, fromHex(sealed), associated)).toEqual(plain)
  for (let at = 0; at < sealed.length / 2; at += 7) {
    const touched = fromHex(sealed)
    touched[at]! ^= 1
    expect(open(key, nonce, touched, associated)).toBeUndefined()
  }
  expect(open(key, nonce, fromHex(sealed), associated.subarray(1))).toBeUndefined()
  expect(open(key.map((byte) => byte ^ 1), nonce, fromHex(sealed), associated)).toBeUndefined()
  expect(open(key, nonce.map((byte) => byte ^ 1), fromHex(sealed), associated)).toBeUndefined()
  for (const short of [0, 1, 15]) expect(open(key, nonce, new Uint8Array(short), associated)).toBeUndefined()
})

test('T6 T10: a wrapped key opens for its recipient alone, in its context and direction, and never throws', () => {
  const [alice, bob, carol] = [1, 2, 3].map((n) => new KeyWrapper(sealingPair(new Uint8Array(32).fill(n)))) as [KeyWrapper, KeyWrapper, KeyWrapper]
  const [key, nonce, context] = [new Uint8Array(32).fill(9), new Uint8Array(24).fill(8), Uint8Array.of(1)]
  const wrapped = alice.wrap(key, bob.publicKey, nonce, context)!
  expect(wrapped).toHaveLength(72)
  expect(bob.unwrap(wrapped, alice.publicKey, context)).toEqual(key)
  expect([bob.unwrap(wrapped, alice.publicKey, Uint8Array.of(2)), bob.unwrap(wrapped, carol.publicKey, context), carol.unwrap(wrapped, alice.publicKey, context), alice.unwrap(wrapped, bob.publicKey, context)]).toEqual([undefined, undefined, undefined, undefined])
  for (const low of ['00'.repeat(32), `01${'00'.repeat(31)}`, 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', `ec${'ff'.repeat(30)}7f`] as SealingKey[]) {
    expect(alice.wrap(key, low, nonce, context)).toBeUndefined()
    expect(bob.unwrap(wrapped, low, context)).toBeUndefined()
  }
  for (const length of [0, 23, 24, 39, 71]) expect(bob.unwrap(wrapped.subarray(0, length), alice.publicKey, context)).toBeUndefined()
})
