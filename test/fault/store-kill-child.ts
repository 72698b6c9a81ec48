/**
 * Commits to a store as fast as it can and says each seq on stdout once its commit has returned. Is killed.
 * Arguments: the file, and how many puts may be recent.
 */
import { writeSync } from 'node:fs'
import { openSqliteStore } from '../../node/host/sqlite-store.ts'
import { batchOf, nextSeq } from './store-kill-batches.ts'

const [path = '', mostRecent = ''] = process.argv.slice(2)
const store = openSqliteStore({ path, mostRecent: Number(mostRecent) })
for (let seq = nextSeq(store); ; ) {
  const batch = batchOf(seq)
  store.commit(batch)
  seq += batch.entries.length
  writeSync(1, `${seq - 1}\n`)
}
