/**
 * What installing changes: files in the profile's own folder, and one link in Claude Code's. Claude Code loads
 * every plugin that lies in `skills/` of its folder (since 2.1.157), so none of its own files are touched.
 *
 * `claude plugin marketplace add` + `install` would do as well, but cannot be undone exactly: it writes
 * settings.json anew (other order and indentation; with a comment in it it gives up), and its uninstall
 * leaves empty entries, two lists and a copy of the plugin behind (measured with 2.1.330).
 */
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { AtollError } from '../../../node/ports/errors.ts'
import { pluginName } from './plugin.ts'
import { agentFolder, readRecord, type InstallRecord } from './record.ts'

/** One thing that install changes. */
export type Change =
  | { readonly kind: 'write'; readonly path: string; readonly before: string | undefined; readonly after: string }
  | { readonly kind: 'delete'; readonly path: string; readonly before: string }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }

/** What install would do, and what it would remember of it. */
export interface InstallPlan {
  /** In the order in which they are made; empty when everything is in place. */
  readonly changes: readonly Change[]
  readonly record: InstallRecord
}

/** What a plan is made from. */
export interface InstallInput {
  readonly home: string
  /** Claude Code's folder. */
  readonly claude: string
  /** Path within the plugin → content. */
  readonly files: ReadonlyMap<string, string>
}

/** Reads what is there and changes nothing. Throws bad_input where something of somebody else's is in the way. */
export function planInstall({ home, claude, files }: InstallInput): InstallPlan {
  const target = join(agentFolder(home), 'plugin')
  const link = join(claude, 'skills', pluginName)
  const earlier = readRecord(home)
  if (earlier !== undefined && earlier.link !== link && leadsTo(earlier.link, target)) {
    throw new AtollError('bad_input', { what: `This profile is installed in ${dirname(dirname(earlier.link))} already. \`atoll uninstall claude\` removes it there.` })
  }
  const linked = leadsTo(link, target)
  if (!linked) requireFree(link)

  const folders = linked ? [] : missingFolders(dirname(link))
  const outdated = (earlier?.files ?? []).filter((name) => !files.has(name))
  const changes: Change[] = [
    ...[...files].flatMap(([name, after]) => writeChange(join(target, name), after)),
    ...outdated.flatMap((name) => deleteChange(join(target, name))),
    ...folders.map((path) => ({ kind: 'folder' as const, path })),
    ...(linked ? [] : [{ kind: 'link' as const, path: link, target }]),
  ]
  const made = earlier?.link === link ? earlier.folders.filter((path) => !folders.includes(path)) : []
  return { changes, record: { schema: 1, link, target, folders: [...made, ...folders].toSorted((a, b) => a.length - b.length), files: [...files.keys()] } }
}

/** Whether `path` is a link to `target`, be that there or not. */
export function leadsTo(path: string, target: string): boolean {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return false
  return resolve(dirname(path), readlinkSync(path)) === target
}

function requireFree(link: string): void {
  const stat = lstatSync(link, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!stat.isSymbolicLink()) throw new AtollError('bad_input', { what: `${link} is there already and is not Atoll's. Move it away first.` })
  const target = resolve(dirname(link), readlinkSync(link))
  const profile = /^(.+)[/\\]agents[/\\]claude[/\\]plugin$/.exec(target)?.[1]
  throw new AtollError('bad_input', {
    what: profile === undefined ? `${link} is there already and leads to ${target}. Move it away first.` : `Claude Code already uses the profile ${profile}. \`ATOLL_HOME='${profile}' atoll uninstall claude\` ends that.`,
  })
}

/** The folders that are missing up to and including `path`, outermost first. */
function missingFolders(path: string): readonly string[] {
  return existsSync(path) ? [] : [...missingFolders(dirname(path)), path]
}

function writeChange(path: string, after: string): readonly Change[] {
  const before = readText(path)
  return before === after ? [] : [{ kind: 'write', path, before, after }]
}

function deleteChange(path: string): readonly Change[] {
  const before = readText(path)
  return before === undefined ? [] : [{ kind: 'delete', path, before }]
}

function readText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
