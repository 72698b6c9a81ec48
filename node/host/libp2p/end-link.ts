import type { Log } from '../../ports/log.ts'
import type { Link } from './connections.ts'
import { asError } from './why.ts'

/** Closes a connection; what was sent over it before is still handed over. */
export function closeLink({ connection, streams }: Link, why: string): void {
  for (const stream of [...streams]) stream.close(why)
  connection.close().catch((error: unknown) => connection.abort(asError(error)))
}

/** Ends a connection that is dead: nothing more comes or goes over it. */
export function buryLink(link: Link, why: string, log: Log): void {
  log.info('connection_dead', { path: link.path, why })
  for (const stream of [...link.streams]) stream.reset(why)
  link.connection.abort(new Error(why))
}
