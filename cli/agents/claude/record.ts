/**
 * What `install` did, so that `uninstall` undoes that and nothing else. Written before the first change, so
 * that an install which is killed half-way is undone as well.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { AtollError } from '../../../node/ports/errors.ts'

const installRecord = z.object({
  schema: z.literal(1),
  /** The link in Claude Code's folder, and what it leads to. */
  link: z.string(),
  target: z.string(),
  /** Folders that had to be made for it, outermost first. */
  folders: z.array(z.string()),
  /** Files in our own folder, relative to it. */
  files: z.array(z.string()),
})
/** As it stands in installed.json. */
export type InstallRecord = z.infer<typeof installRecord>

/** Where a profile keeps what belongs to Claude Code: `plugin/` and the record. */
export function agentFolder(home: string): string {
  return join(home, 'agents', 'claude')
}

/** The record's file. */
export function recordPath(home: string): string {
  return join(agentFolder(home), 'installed.json')
}

/** The record, or undefined where nothing was installed. Throws bad_input when it cannot be understood. */
export function readRecord(home: string): InstallRecord | undefined {
  const path = recordPath(home)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return installRecord.parse(JSON.parse(text))
  } catch (error) {
    throw new AtollError('bad_input', { what: `${path} is damaged, so it is not known what to undo. Remove the link ${pluginLinkHint} in Claude Code's folder and the folder ${agentFolder(home)} by hand.` }, { cause: error })
  }
}

const pluginLinkHint = 'skills/atoll'
