/**
 * Node keeps what it compiled of this program in the profile, so that the next command starts some 20 ms sooner. Never
 * in a shared directory: whoever could write there could make us run something else. May be deleted at any time.
 */
import { statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { profileHome, requirePrivate } from '../node/host/profile.ts'

/** Called before the rest of the program is loaded. Does nothing where there is no profile yet, or others could write to it. */
export function keepCompiled(): void {
  const home = profileHome(process.env)
  if (!statSync(home, { throwIfNoEntry: false })?.isDirectory()) return
  try {
    requirePrivate(home)
  } catch {
    // The command itself will say what is wrong with the profile.
    return
  }
  enableCompileCache(join(home, 'cache'))
}
