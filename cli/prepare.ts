import { keepCompiled } from './compile-cache.ts'
import { startLean } from './lean-process.ts'
import { noCoreDumps } from './no-core-dumps.ts'

/** What comes before the rest of the program is loaded. */
export function prepare(): void {
  noCoreDumps()
  startLean()
  keepCompiled()
}
