/**
 * The schema of a mesh's file, and how older ones become it. `user_version` counts the steps taken; a step that
 * has been released never changes, a new need is a new step.
 */
import { AtollError } from '../ports/errors.ts'
import type { Database } from './sqlite-database.ts'

/** The SQL name of a table of the folds. */
export const sqlTable = (table: string): string => `kv_${table}`

// Keys are looked up and scanned in the order of their UTF-8 bytes. Rows come sorted and many at a time (sqlite-recent.ts),
// and then WITHOUT ROWID, with each row in one place, beats a table with an index in time and size.
const keyed = (table: string): string => `CREATE TABLE ${table} (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;`

// As released, whatever crdt/docs/tables.ts lists by now: a table that is added there needs a step here.
const firstTables: readonly string[] = [
  'register', 'superseded', 'void', 'message', 'inbox', 'receipt',
  'meta', 'epoch', 'unopened', 'delivered', 'sent', 'outbox',
]

const steps: readonly string[] = [
  `
  CREATE TABLE log (
    n INTEGER PRIMARY KEY,
    log BLOB NOT NULL UNIQUE,
    type INTEGER NOT NULL, -- 0 content, 1 membership
    device BLOB NOT NULL
  ) STRICT;

  CREATE TABLE entry (
    position INTEGER PRIMARY KEY, -- the order they came in
    id BLOB NOT NULL,
    log INTEGER NOT NULL, -- log.n
    seq INTEGER NOT NULL,
    type INTEGER NOT NULL,
    vouched INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX entry_place ON entry (log, seq);
  -- Ids are hashes: eight bytes find the row, the row holds the rest. Filled many at a time, up to the position in
  -- indexed; what came later is few, and held in memory.
  CREATE TABLE entry_id (start BLOB NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (start, position)) STRICT, WITHOUT ROWID;
  CREATE TABLE indexed (position INTEGER NOT NULL) STRICT;
  INSERT INTO indexed VALUES (0);
  -- Few among many: replaying membership must not read past all content.
  CREATE INDEX entry_membership ON entry (type) WHERE type = 1;

  CREATE TABLE evidence (
    n INTEGER PRIMARY KEY,
    log BLOB NOT NULL,
    seq INTEGER NOT NULL,
    run BLOB NOT NULL
  ) STRICT;
  CREATE INDEX evidence_place ON evidence (log, seq);

  ${firstTables.map((table) => keyed(sqlTable(table))).join('\n  ')}
  -- Puts of the last commits, not yet in their tables.
  CREATE TABLE recent (n INTEGER PRIMARY KEY, puts BLOB NOT NULL) STRICT;

  -- Words come separated by node/peer/memory-store-words.ts, so that both stores find the same; the ascii tokenizer
  -- leaves everything beyond ASCII alone. A tag is one token, exact. Both are kept because FTS5 must be told what it
  -- forgets: its contentless_delete keeps counting deleted notes, and ranks would depend on what a device once held.
  CREATE TABLE note (n INTEGER PRIMARY KEY, note TEXT NOT NULL UNIQUE, words TEXT NOT NULL, tags TEXT NOT NULL) STRICT;
  CREATE VIRTUAL TABLE note_words USING fts5 (words, tags, content = 'note', content_rowid = 'n', tokenize = 'ascii');
  `,
  // Messages stand in the order of their time, and are their own inbox. Folds of another version are folded anew (rebuild.ts).
  `DROP TABLE ${sqlTable('inbox')}; ${keyed(sqlTable('messageTime'))}`,
  // Live documents.
  ['update', 'documentHead', 'snapshot'].map((table) => keyed(sqlTable(table))).join(' '),
  // Of entries the hash tells whether they are whole; of evidence this. Null: written before.
  'ALTER TABLE evidence ADD COLUMN checksum INTEGER;',
  // Shared files.
  ['file', 'fileRecord', 'fileGone'].map((table) => keyed(sqlTable(table))).join(' '),
  // Keys that did not fit.
  keyed(sqlTable('wrongKey')),
  // What checkpoints tell.
  keyed(sqlTable('told')),
]

/** The schema this version writes. */
export const schemaVersion = steps.length

/** Whether a file has this version's schema. Throws profile_newer for a file of a later version. */
export function isCurrent(database: Database): boolean {
  const found = versionOf(database)
  if (found > schemaVersion) throw new AtollError('profile_newer', { found, known: schemaVersion })
  return found === schemaVersion
}

/** Takes the steps that are missing, each in a transaction of its own. */
export function migrate(database: Database): void {
  const found = versionOf(database)
  for (let version = found; version < schemaVersion; version++) {
    database.exec(`BEGIN IMMEDIATE; ${steps[version] as string} PRAGMA user_version = ${version + 1}; COMMIT`)
  }
}

const versionOf = (database: Database): number => database.prepare('PRAGMA user_version').get()?.[0] as number
