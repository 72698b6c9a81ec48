/** Inputs from inputs: what breaks decoders, in the manner of AFL's havoc stage (Zalewski 2014). */
import type { Dice } from '../property/random-history.ts'

const interesting = [0, 1, 2, 0x0f, 0x10, 0x7f, 0x80, 0x81, 0xfe, 0xff]
/** Numbers as varints: those around the limits and the edges of what a number can be. */
const varints = [0, 1, 127, 128, 16_383, 16_384, 65_535, 65_536, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1].map(varint)

/** @param most no input gets longer than this */
export function mutate(input: Uint8Array, others: readonly Uint8Array[], dice: Dice, most: number): Uint8Array {
  let bytes = [...input]
  for (let steps = 1 + dice.below(dice.chance(0.5) ? 2 : 8); steps > 0; steps--) bytes = step(bytes, others, dice)
  return Uint8Array.from(bytes.slice(0, most))
}

function step(bytes: number[], others: readonly Uint8Array[], dice: Dice): number[] {
  const at = dice.below(bytes.length + 1)
  const length = 1 + dice.below(Math.min(16, bytes.length + 1))
  switch (dice.below(9)) {
    case 0: return replaced(bytes, at, [(bytes[at] ?? 0) ^ (1 << dice.below(8))])
    case 1: return replaced(bytes, at, [dice.pick(interesting)])
    case 2: return replaced(bytes, at, [dice.below(256)])
    case 3: return replaced(bytes, at, dice.pick(varints))
    case 4: return [...bytes.slice(0, at), ...bytes.slice(at + length)]
    case 5: return [...bytes.slice(0, at), ...bytes.slice(Math.max(0, at - length), at), ...bytes.slice(at)]
    case 6: return [...bytes.slice(0, at), ...dice.pick(varints), ...bytes.slice(at)]
    case 7: {
      // The beginning of one and the end of another.
      const other = dice.pick(others)
      return [...bytes.slice(0, at), ...other.slice(dice.below(other.length + 1))]
    }
    default: return bytes.slice(0, at)
  }
}

function replaced(bytes: readonly number[], at: number, by: readonly number[]): number[] {
  return [...bytes.slice(0, at), ...by, ...bytes.slice(at + by.length)]
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return [...bytes, rest]
}
