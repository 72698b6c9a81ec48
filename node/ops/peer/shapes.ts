import * as z from 'zod'
import { bytesText } from '../../ports/bytes-text.ts'
import { bad, dim, good, warn, type Cell } from '../show.ts'

/** How a peer is reached. */
export const path = z.enum(['direct:tcp', 'direct:ws', 'direct:webrtc', 'relayed', 'none'])

/** A path with its tone: direct is good, relayed will do, none is not. */
export function showPath(way: z.output<typeof path>): Cell {
  if (way === 'none') return bad('none')
  return way === 'relayed' ? warn(way) : good(way)
}

/** An amount of bytes, or nothing. */
export const showBytes = (bytes: number): Cell => (bytes === 0 ? dim('') : bytesText(bytes))

/** A round trip in milliseconds, or nothing. */
export const showTrip = (milliseconds: number | null): Cell => (milliseconds === null ? dim('') : milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds))
