import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Vitest global setup of the suites that run the bundled program: dist/ is what the sources say. */
export function setup(): void {
  execFileSync(process.execPath, [join(import.meta.dirname, '../build/build.ts'), '--quiet'], { stdio: 'inherit' })
}
