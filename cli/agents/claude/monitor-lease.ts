/**
 * A file for each Claude Code that a monitor serves, named after its process. Where there is one, hooks leave
 * the messages to the monitor: they are quicker for it, and after /clear, which gives hooks another session id
 * than the monitor and the MCP server keep, nothing is shown in one window for two sessions.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parsePid, processLives } from '../process-lives.ts'
import { agentFolder } from './record.ts'

/** Where these files are. */
export function leaseFolder(home: string): string {
  return join(agentFolder(home), 'monitors')
}

/** Says that this process serves that Claude Code, until disposed. Throws the file system's own error. */
export function holdLease(home: string, claude: number): Disposable {
  const folder = leaseFolder(home)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // What monitors left that were killed.
  for (const name of readdirSync(folder)) if (!isHeld(join(folder, name))) rmSync(join(folder, name), { force: true })
  const path = join(folder, `${claude}`)
  writeFileSync(path, `${process.pid}`, { mode: 0o600 })
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) }
}

/** Whether a monitor that runs serves that Claude Code. */
export function isServed(home: string, claude: number | undefined): boolean {
  return claude !== undefined && isHeld(join(leaseFolder(home), `${claude}`))
}

function isHeld(path: string): boolean {
  try {
    const holder = parsePid(readFileSync(path, 'utf8'))
    return holder !== undefined && processLives(holder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
