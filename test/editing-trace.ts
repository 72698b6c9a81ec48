/** A real editing history, from the data that stands beside the repository: one paper, 260,000 edits. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type * as Y from 'yjs'
import { sharedFolder } from './requires.ts'

type Patches = readonly (readonly [at: number, removed: number, inserted: string])[]

export interface EditingTrace {
  /** The text that it leads to. */
  readonly endContent: string
  readonly txns: readonly { readonly patches: Patches }[]
}

/** undefined where it is not at hand. */
export function readEditingTrace(): EditingTrace | undefined {
  const path = join(sharedFolder, 'data/automerge-paper.json.gz')
  return existsSync(path) ? (JSON.parse(gunzipSync(readFileSync(path)).toString()) as EditingTrace) : undefined
}

/** Does to a text what was done in one step of the history. */
export function applyPatches(text: Y.Text, patches: Patches): void {
  for (const [at, removed, inserted] of patches) {
    if (removed > 0) text.delete(at, removed)
    if (inserted !== '') text.insert(at, inserted)
  }
}
