/**
 * What people copy as one word: a version, bytes and a checksum over both, in base64url. The checksum finds what was
 * copied wrong; it proves nothing.
 */
const checksumBytes = 4

/** @param checksum at least four bytes that depend on all of what they are given */
export function formatToken(version: number, body: Uint8Array, checksum: (bytes: Uint8Array) => Uint8Array): string {
  const whole = new Uint8Array(1 + body.length + checksumBytes)
  whole[0] = version
  whole.set(body, 1)
  whole.set(checksum(whole.subarray(0, 1 + body.length)).subarray(0, checksumBytes), 1 + body.length)
  return toBase64Url(whole)
}

/** Version and bytes of such a word, or why it is none. */
export function parseToken(text: string, checksum: (bytes: Uint8Array) => Uint8Array): { readonly ok: true; readonly version: number; readonly body: Uint8Array } | { readonly ok: false; readonly why: string } {
  const whole = fromBase64Url(text)
  if (!whole || whole.length < 1 + checksumBytes) return { ok: false, why: 'it is cut short' }
  const end = whole.length - checksumBytes
  const sum = checksum(whole.subarray(0, end))
  if (whole.subarray(end).some((byte, i) => byte !== sum[i])) return { ok: false, why: 'a character is wrong or missing' }
  return { ok: true, version: whole[0] as number, body: whole.subarray(1, end) }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Base64url (RFC 4648 section 5) without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const digits = Math.min(bytes.length - i, 3) + 1
    for (let d = 0; d < digits; d++) out += alphabet[(group >>> (18 - 6 * d)) & 63]
  }
  return out
}

/** The bytes, or undefined when the text is not the canonical encoding of any. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i += 4) {
    const part = text.slice(i, i + 4)
    if (part.length === 1) return undefined
    const group = part.split('').reduce((value, digit, d) => value | (alphabet.indexOf(digit) << (18 - 6 * d)), 0)
    for (let b = 0; b < part.length - 1; b++) bytes.push((group >>> (16 - 8 * b)) & 255)
  }
  const whole = Uint8Array.from(bytes)
  return toBase64Url(whole) === text ? whole : undefined
}

