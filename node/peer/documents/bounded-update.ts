/**
 * Applies updates that anybody may have written. In version 2 of Yjs' format what repeats is written once: some thirty bytes
 * can stand for as many parts as they like, and whoever reads them would not come to an end. An honest update has a byte or
 * more for each of its parts, since parts of one kind that follow one another are one part.
 */
import type { Decoder } from 'lib0/decoding'
import * as Y from 'yjs'
import { limits } from '../../../crdt/wire/limits.ts'

/** So many parts are let pass in any case: short updates have their overhead. */
const fewParts = 1024

class BoundedDecoder extends Y.UpdateDecoderV2 {
  #left: number

  constructor(decoder: Decoder) {
    super(decoder)
    this.#left = Math.min(limits.partsOfDocument, fewParts + decoder.arr.length)
  }

  /** Called by Yjs once for each part, before anything else of it is read. */
  override readInfo(): number {
    if (--this.#left < 0) throw new Error('it stands for more than it can hold')
    return super.readInfo()
  }
}

/** Applies an update (version 2). @returns false: it is none, and the document is as it was, but for what could be read of it */
export function applyBounded(doc: Y.Doc, update: Uint8Array): boolean {
  try {
    Y.applyUpdateV2(doc, update, undefined, BoundedDecoder)
    return true
  } catch {
    // Yjs throws in many words at what it cannot read.
    return false
  }
}
