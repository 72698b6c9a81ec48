import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'

/** How an agent starts this program: absolute paths, so that it does not depend on the PATH the agent was started with. */
export type Launch = readonly [program: string, ...args: string[]]

/** This process, as it was started. */
export interface ThisProgram {
  /** process.execPath */
  readonly node: string
  /** process.argv[1] */
  readonly script: string
  readonly path: string | undefined
}

/**
 * Node and the script as they were named, not as they resolve: a package manager's link stays when an upgrade
 * moves the file behind it. Where PATH leads to the Node that runs now, its place there is taken.
 */
export function launchCommand({ node, script, path }: ThisProgram): Launch {
  const onPath = findOnPath(process.platform === 'win32' ? 'node.exe' : 'node', path)
  const same = onPath !== undefined && realpathSync(onPath) === realpathSync(node)
  return [same ? onPath : node, resolve(script)]
}

/** The absolute path of an executable, or undefined. */
export function findOnPath(name: string, path: string | undefined): string | undefined {
  for (const folder of (path ?? '').split(delimiter)) {
    // A relative folder means another place in every directory.
    if (!isAbsolute(folder)) continue
    const candidate = join(folder, name)
    if (isExecutable(candidate)) return candidate
  }
  return undefined
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
