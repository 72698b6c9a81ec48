import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../node/peer/virtual-runtime-random.ts'
import { concat } from '../crypto/hash.ts'
import { cutAfter, gearOf, maxChunkBytes, minChunkBytes } from './fast-cdc.ts'

const gear = gearOf(new Uint8Array(32).fill(7))
const random = (length: number, seed: number): Uint8Array => new SeededRandom(seed).bytes(length)

function cuts(bytes: Uint8Array, by = gear): number[] {
  const ends: number[] = []
  for (let at = 0; at < bytes.length; ) ends.push((at = cutAfter(bytes, at, by)))
  return ends
}

const pieces = (bytes: Uint8Array): Set<string> => new Set(cuts(bytes).map((end, i, all) => Buffer.from(bytes.subarray(all[i - 1] ?? 0, end)).toString('base64')))

describe('where files are cut', () => {
  const file = random(16 << 20, 1)

  test('chunks are within their bounds and near 64 KiB', () => {
    const lengths = cuts(file).map((end, i, all) => end - (all[i - 1] ?? 0))
    expect(Math.max(...lengths)).toBeLessThanOrEqual(maxChunkBytes)
    expect(Math.min(...lengths.slice(0, -1))).toBeGreaterThanOrEqual(minChunkBytes)
    const mean = file.length / lengths.length
    expect(mean).toBeGreaterThan(50_000)
    expect(mean).toBeLessThan(80_000)
  })

  test('an insert of any length changes the chunks around it only', () => {
    for (const inserted of [1, 2, 7, 100_001]) {
      const at = 5_000_000
      const edited = concat(file.subarray(0, at), random(inserted, 2), file.subarray(at))
      const before = pieces(file)
      expect([...pieces(edited)].filter((piece) => !before.has(piece)).length).toBeLessThanOrEqual(3 + Math.ceil(inserted / minChunkBytes))
    }
  })

  test('a run of equal bytes is cut alike throughout', () => {
    const lengths = cuts(new Uint8Array(4 << 20)).map((end, i, all) => end - (all[i - 1] ?? 0))
    expect(new Set(lengths.slice(0, -1)).size).toBe(1)
  })

  test('another file key cuts elsewhere: lengths of chunks tell nobody which file it is', () => {
    const other = new Set(cuts(file, gearOf(new Uint8Array(32).fill(8))))
    expect(cuts(file).filter((end) => end < file.length && other.has(end)).length).toBeLessThan(3)
  })

  test('nothing and little are one chunk', () => {
    expect(cuts(new Uint8Array())).toEqual([])
    expect(cuts(random(minChunkBytes, 3))).toEqual([minChunkBytes])
  })
})
