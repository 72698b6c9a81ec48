/**
 * Keeps one warning of Node from the user: the oldest versions that we run on call SQLite experimental whenever it is
 * loaded. What we use of it is tested there (test/e2e/pack.test.ts). Every other warning is said as before.
 */
export function quietSqlite(): void {
  const { emitWarning } = process
  process.emitWarning = (warning: string | Error, ...more: unknown[]): void => {
    const [first] = more
    const type = typeof first === 'object' ? (first as { type?: unknown } | null)?.type : first
    if (type === 'ExperimentalWarning' && String(warning).startsWith('SQLite ')) return
    Reflect.apply(emitWarning, process, [warning, ...more])
  }
}
