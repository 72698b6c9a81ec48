/** Structured logging. Values are plain data; secrets never reach it because secret types have no text form. */
export interface Log {
  error(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  debug(event: string, fields?: LogFields): void
  /** A log whose lines carry one more scope name. */
  scope(name: string): Log
}
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Discards everything: for tests. */
export const silentLog: Log = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  scope: () => silentLog,
}
