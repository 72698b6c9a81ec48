/**
 * Where folds keep what they know: ordered tables of text keys and byte values. A fold reads and writes nothing
 * else, so it runs the same over SQLite, in memory and in a browser.
 */
export interface Tables {
  get(table: TableName, key: string): Uint8Array | undefined
  /** undefined deletes. */
  put(table: TableName, key: string, value: Uint8Array | undefined): void
  /** Replaces what full-text search knows of a note; undefined forgets it. */
  index(note: string, words: NoteWords | undefined): void
}

export interface NoteWords {
  /** The text, segmented so that words of any language can be found: see `search-words.ts`. */
  readonly words: string
  readonly tags: readonly string[]
}

/** Tables that a rebuild empties and refolds (rule D3). */
export const projectionTables = ['register', 'superseded', 'void', 'message', 'messageTime', 'receipt', 'update', 'documentHead', 'snapshot', 'file', 'fileRecord', 'fileGone', 'wrongKey', 'told'] as const
/** Tables of this device alone, which no rebuild touches. */
export const localTables = ['meta', 'epoch', 'unopened', 'delivered', 'sent', 'outbox'] as const
export type TableName = (typeof projectionTables)[number] | (typeof localTables)[number]
