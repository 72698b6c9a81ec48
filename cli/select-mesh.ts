import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Which mesh the user means: `--mesh`, else ATOLL_MESH, else the first line of a file `.atoll` in the
 * directory or the nearest one above. Undefined leaves it to the node's default.
 */
export function selectMesh(flag: string | undefined, env: Readonly<Record<string, string | undefined>>, directory: string): string | undefined {
  return flag ?? (env['ATOLL_MESH'] || undefined) ?? fromFile(directory)
}

function fromFile(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const path = join(at, '.atoll')
    // A profile directory of the same name may lie in the home directory: that is no such file.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) {
      const name = readFileSync(path, 'utf8').split('\n')[0]?.trim()
      if (name !== undefined && name !== '') return name
    }
    if (dirname(at) === at) return undefined
  }
}
