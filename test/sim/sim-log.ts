import type { Log, LogFields } from '../../node/ports/log.ts'

/** What a peer logged, and when by the world's time. */
export interface LogLine {
  readonly at: number
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  readonly event: string
  readonly fields: LogFields | undefined
}

const kept = 200

/** Keeps the newest lines, save those for debugging. */
export function simLog(lines: LogLine[], elapsed: () => number): Log {
  const at = (level: LogLine['level']) => (event: string, fields?: LogFields): void => {
    lines.push({ at: elapsed(), level, event, fields })
    if (lines.length > kept * 2) lines.splice(0, kept)
  }
  const log: Log = { error: at('error'), warn: at('warn'), info: at('info'), debug: () => {}, scope: () => log }
  return log
}
