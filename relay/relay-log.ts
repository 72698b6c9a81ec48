import type { RefusalReason } from './counters.ts'

declare const named: unique symbol
/** The kind of an error, such as `EADDRINUSE` or `TimeoutError`: never its message, which may hold an address. */
export type ErrorKind = string & { readonly [named]: true }

/** Numbers and words of closed sets. There is no field that could hold a peer, an address or a code. */
export type RelayLogFields = Readonly<Record<string, number | boolean | RefusalReason | ErrorKind>>

/** Where the relay's log lines go. */
export interface RelayLog {
  info(event: string, fields?: RelayLogFields): void
  warn(event: string, fields?: RelayLogFields): void
  debug(event: string, fields?: RelayLogFields): void
}

/** What of an error may be logged. */
export function errorKind(error: unknown): ErrorKind {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  const candidates = [code, error instanceof Error ? error.name : undefined]
  const word = candidates.find((text) => typeof text === 'string' && /^[A-Za-z_]{1,48}$/.test(text))
  return (word ?? 'Error') as ErrorKind
}
