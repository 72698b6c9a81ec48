import type { BlobId } from '../../../crdt/wire/ids.ts'
import type { BlobLink } from './blob-link.ts'

/** A peer as one fetch sees it. */
export interface Source {
  link: BlobLink | undefined
  opening: boolean
  /** A better path opened meanwhile: what is being opened may take the worse one. */
  outdated: boolean
  banned: boolean
  retryAt: number
  /** Ids that it has not been asked about yet. */
  readonly toAsk: Set<BlobId>
  asking: boolean
  /** Bytes that it was asked for and has not sent. */
  due: number
}

export const freshSource = (): Source => ({ link: undefined, opening: false, outdated: false, banned: false, retryAt: 0, toAsk: new Set(), asking: false, due: 0 })
