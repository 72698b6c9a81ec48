import { existsSync, lstatSync, readFileSync, readdirSync, rmSync, rmdirSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { leaseFolder } from './monitor-lease.ts'
import { leadsTo } from './plan-install.ts'
import { pluginName } from './plugin.ts'
import { agentFolder, readRecord, recordPath, type InstallRecord } from './record.ts'

/** One thing that goes. */
export type Removal = { readonly kind: 'link' | 'folder'; readonly path: string } | { readonly kind: 'file'; readonly path: string; readonly before: string }

/** What uninstall would do. */
export interface UndoPlan {
  /** In the order in which it goes. */
  readonly remove: readonly Removal[]
  /** What install had made and stays, and why. */
  readonly keep: readonly { readonly path: string; readonly why: string }[]
}

/** Reads what is there and changes nothing. Undefined where this profile is not installed in Claude Code. */
export function planUndo(home: string, claude: string): UndoPlan | undefined {
  const record = readRecord(home) ?? unrecorded(home, claude)
  if (record === undefined) return undefined
  const remove: Removal[] = []
  const keep: { path: string; why: string }[] = []
  const gone = new Set<string>()
  const removed = (removal: Removal) => void (remove.push(removal), gone.add(removal.path))
  const file = (path: string) => existsSync(path) && removed({ kind: 'file', path, before: readFileSync(path, 'utf8') })
  const folder = (path: string, otherwise?: string) => {
    if (!existsSync(path)) return
    if (readdirSync(path).every((name) => gone.has(join(path, name)))) removed({ kind: 'folder', path })
    else if (otherwise !== undefined) keep.push({ path, why: otherwise })
  }

  if (leadsTo(record.link, record.target)) removed({ kind: 'link', path: record.link })
  else if (lstatSync(record.link, { throwIfNoEntry: false }) !== undefined) keep.push({ path: record.link, why: 'it is no longer the link that install made' })
  // Claude Code makes an empty folder for what a plugin wants to keep; this one keeps nothing there.
  folder(join(dirname(dirname(record.link)), 'plugins', 'data', `${pluginName}-skills-dir`))
  for (const path of deepestFirst(record.folders)) folder(path, 'something else is in it now')

  for (const name of record.files) file(join(record.target, name))
  const folders = new Set(record.files.flatMap((name) => foldersUpTo(record.target, dirname(join(record.target, name)))))
  for (const path of deepestFirst([...folders])) folder(path, 'something else is in it now')
  for (const name of existsSync(leaseFolder(home)) ? readdirSync(leaseFolder(home)) : []) file(join(leaseFolder(home), name))
  folder(leaseFolder(home))
  // The record goes last of all that is recorded: an undo that is killed before can be repeated.
  file(recordPath(home))
  folder(agentFolder(home))
  folder(dirname(agentFolder(home)))
  return { remove, keep }
}

/** Carries a plan out. */
export function applyUndo({ remove }: UndoPlan): void {
  for (const { path, kind } of remove) {
    if (kind === 'folder') rmdirSync(path)
    else if (kind === 'link') unlinkSync(path)
    else rmSync(path)
  }
}

/** An install whose record was lost is known by its link. */
function unrecorded(home: string, claude: string): InstallRecord | undefined {
  const target = join(agentFolder(home), 'plugin')
  const link = join(claude, 'skills', pluginName)
  if (!leadsTo(link, target)) return undefined
  return { schema: 1, link, target, folders: [], files: ['.claude-plugin/plugin.json', 'monitors/monitors.json', 'hooks/hooks.json'] }
}

function foldersUpTo(top: string, folder: string): readonly string[] {
  return folder.length <= top.length ? [top] : [folder, ...foldersUpTo(top, dirname(folder))]
}

function deepestFirst(folders: readonly string[]): readonly string[] {
  return folders.toSorted((a, b) => b.length - a.length)
}
