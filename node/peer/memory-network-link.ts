import type { Path } from '../ports/services.ts'

/** How a link behaves; the defaults are those of two machines in one room. */
export interface LinkSettings {
  readonly latencyMs: number
  /** Up to so much more, drawn for each frame; frames never overtake each other. */
  readonly jitterMs: number
  /** Chance that a stream breaks at a frame, from 0 to 1. */
  readonly breakChance: number
  /** What both ends call the way between them. */
  readonly path: Exclude<Path, 'none'>
}

export const defaultLink: LinkSettings = { latencyMs: 1, jitterMs: 0, breakChance: 0, path: 'direct:tcp' }

/** One direction between two peers. */
export interface Link {
  settings: LinkSettings
  /** Nothing gets through, heartbeats included: the connection dies of it. */
  cut: boolean
  /** Heartbeats get through, frames do not: the reader at the other end has stopped reading. */
  stalled: boolean
}

/** What a stream and a connection see of the link beneath: asked anew each time, since tests change it under way. */
export interface LinkView {
  cut(): boolean
  stalled(): boolean
  breaks(): boolean
  /** How long the next frame takes, milliseconds. */
  delay(): number
}
