import { keepCompiled } from './compile-cache.ts'
import { startLean } from './lean-process.ts'

/** What comes before the rest of the program is loaded. */
export function prepare(): void {
  startLean()
  keepCompiled()
}
