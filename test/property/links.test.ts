/** Links as people copy them: whole, or refused. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDeviceLink, isDeviceLink, parseDeviceLink, type DeviceLink } from '../../crdt/members/device-link.ts'
import { formatLink, parseLink, type InviteLink } from '../../crdt/members/link.ts'
import { decode, encode } from '../../crdt/wire/codec.ts'
import { limits } from '../../crdt/wire/limits.ts'
import { deviceFrame } from '../../node/peer/join/device-frames.ts'
import { fromBase64Url, toBase64Url } from '../../crdt/wire/token-text.ts'
import { toHex, type DeviceId, type EntryId } from '../../crdt/wire/ids.ts'
import { holds, patience } from './runs.ts'

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex)
const links: fc.Arbitrary<InviteLink> = fc.record({ mesh: id, inviter: id, opened: id, addresses: fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { maxLength: 3 }), secret: fc.uint8Array({ minLength: 16, maxLength: 16 }) }).map((link) => ({ ...link, mesh: link.mesh as EntryId, inviter: link.inviter as DeviceId, opened: link.opened as EntryId }))
const pages = fc.constantFrom(undefined, 'https://relay.example/i', 'http://[::1]:8080/i')

test('T10: a link is read as it was written, whatever space was pasted with it', patience, () => {
  holds(fc.property(links, pages, fc.nat(), fc.constantFrom('', ' ', '\n', '\r\n  '), (link, page, at, space) => {
    const text = formatLink(link, page)
    expect(parseLink(text)).toEqual({ ok: true, link })
    const cut = at % (text.length + 1)
    expect(parseLink(`${space}${text.slice(0, cut)}${space}${text.slice(cut)}\n`)).toEqual({ ok: true, link })
    expect(parseLink(`<${text}>`)).toEqual({ ok: true, link })
  }), 100)
})

test('T8 T10: a link with any one character changed, dropped, doubled or swapped is refused', patience, () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_ #=%é"'.split('')
  holds(fc.property(links, pages, (link, page) => {
    const text = formatLink(link, page)
    const start = page === undefined ? 0 : page.length
    for (let at = start; at < text.length; at++) {
      const [before, here, after] = [text.slice(0, at), text[at]!, text.slice(at + 1)]
      const changed = alphabet.map((other) => before + other + after)
      const garbled = [...changed, before + after, before + here + here + after, before + after.slice(0, 1) + here + after.slice(1)].filter((other) => other !== text)
      expect(garbled.filter((other) => parseLink(other).ok)).toEqual([])
    }
  }), 2)
})

test('T8: any text is a link or is refused, and the parser never throws', patience, () => {
  holds(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String().map((text) => `atoll:${text}`), fc.uint8Array({ maxLength: 200 }).map((bytes) => `https://x/i#${toBase64Url(bytes)}`)), (text) => {
    expect(parseLink(text).ok).toBe(false)
  }), 300)
})

test('T10: base64url has one form for each byte string', patience, () => {
  holds(fc.property(fc.uint8Array({ maxLength: 60 }), fc.string({ maxLength: 8 }), (bytes, text) => {
    expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
    expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes)
    const read = fromBase64Url(text)
    expect(read === undefined || toBase64Url(read) === text).toBe(true)
  }), 500)
})

const deviceLinks: fc.Arbitrary<DeviceLink> = fc.record({ device: id, addresses: fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { maxLength: limits.relaysPerLink }), secret: fc.uint8Array({ minLength: 16, maxLength: 16 }) }).map((link) => ({ ...link, device: link.device as DeviceId }))

test('L2 T8 T10: a link for a device is read as it was written, and refused with any character wrong', patience, () => {
  holds(fc.property(deviceLinks, fc.nat(), fc.constantFrom('A', 'a', '0', '_', '-', ' ', '#', '=', 'é'), (link, at, other) => {
    const text = formatDeviceLink(link)
    expect([isDeviceLink(text), parseLink(text).ok]).toEqual([true, false])
    expect(parseDeviceLink(` ${text.slice(0, at % text.length)}\n${text.slice(at % text.length)}`)).toEqual({ ok: true, link })
    const place = at % text.length
    const garbled = [text.slice(0, place) + other + text.slice(place + 1), text.slice(0, place) + text.slice(place + 1), text.slice(0, place)].filter((one) => one.replace(/\s/g, '') !== text)
    expect(garbled.filter((one) => parseDeviceLink(one).ok)).toEqual([])
  }), 200)
  expect(() => formatDeviceLink({ device: '0'.repeat(64) as DeviceId, addresses: Array.from({ length: limits.relaysPerLink + 1 }, () => ''), secret: new Uint8Array(16) })).toThrow('4')
})

test('L2 T8: any text is a link for a device or is refused, and the parser never throws', patience, () => {
  holds(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 200 }).map((bytes) => `atoll:device:${toBase64Url(bytes)}`)), (text) => {
    expect(parseDeviceLink(text).ok).toBe(false)
  }), 300)
})

test('T8: a frame of a link names as many meshes and as long a name as it may, and no more', () => {
  const accepted = (count: number): Uint8Array => encode(deviceFrame, { type: 'accepted', meshes: Array.from({ length: count }, () => '0'.repeat(64) as EntryId) })
  const claim = (length: number): Uint8Array => encode(deviceFrame, { type: 'claim', nonce: new Uint8Array(32), proof: new Uint8Array(64), name: 'x'.repeat(length) })
  expect([decode(deviceFrame, accepted(limits.meshesPerDeviceLink)).ok, decode(deviceFrame, claim(limits.nameBytes)).ok]).toEqual([true, true])
  expect(() => accepted(limits.meshesPerDeviceLink + 1)).toThrow('64')
  expect(() => claim(limits.nameBytes + 1)).toThrow('128')
})
