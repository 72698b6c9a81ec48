/** Whether all bytes are zero: what a hole in a sparse file reads as. */
export function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false
  return bytes.length > 0
}
