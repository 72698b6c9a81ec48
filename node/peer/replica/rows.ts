import type { TableName } from '../../../crdt/docs/tables.ts'
import type { MeshStore } from '../../ports/store.ts'

const page = 1000

/** All rows of a table in the order of their keys, read in pages. */
export function* allRows(store: Pick<MeshStore, 'scan'>, table: TableName, prefix = ''): Generator<readonly [string, Uint8Array]> {
  for (let rows = store.scan(table, { prefix, limit: page }); rows.length > 0; ) {
    yield* rows
    rows = store.scan(table, { prefix, limit: page, after: (rows.at(-1) as readonly [string, Uint8Array])[0] })
  }
}
