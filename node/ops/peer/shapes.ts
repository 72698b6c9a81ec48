import * as z from 'zod'
import { bad, dim, good, warn, type Cell } from '../show.ts'

/** How a peer is reached. */
export const path = z.enum(['direct:tcp', 'direct:ws', 'direct:webrtc', 'relayed', 'none'])

/** A path with its tone: direct is good, relayed will do, none is not. */
export function showPath(way: z.output<typeof path>): Cell {
  if (way === 'none') return bad('none')
  return way === 'relayed' ? warn(way) : good(way)
}

/** Bytes in the largest unit that leaves no long number, or nothing. */
export function showBytes(bytes: number): Cell {
  if (bytes === 0) return dim('')
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const amount = bytes / 1000 ** power
  return `${amount < 10 && power > 0 ? amount.toFixed(1) : Math.round(amount)} ${units[power]}`
}

/** A round trip in milliseconds, or nothing. */
export const showTrip = (milliseconds: number | null): Cell => (milliseconds === null ? dim('') : milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds))
