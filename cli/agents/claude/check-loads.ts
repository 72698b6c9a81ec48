/** Asks the Claude Code that is installed whether it loads the plugin, without it touching its own folder. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod'
import { findOnPath } from '../launch.ts'
import { pluginName } from './plugin.ts'

/** What Claude Code answered. */
export type LoadCheck =
  | { readonly state: 'loads'; readonly version: string }
  /** No `claude` on PATH: nobody to ask. */
  | { readonly state: 'absent' }
  | { readonly state: 'refused'; readonly version: string; readonly why: string }

type Env = Readonly<Record<string, string | undefined>>

const run = promisify(execFile)
const answerMs = 30_000
const pluginList = z.array(z.looseObject({ id: z.string(), enabled: z.boolean().optional(), errors: z.array(z.unknown()).optional() }))

/**
 * The plugin is shown to `claude plugin list` in a folder of its own that is thrown away: so the user's own
 * is neither written nor, where it does not exist yet, made. It is told to contact nobody.
 */
export async function checkLoads(plugin: string, env: Env, signal: AbortSignal): Promise<LoadCheck> {
  const claude = findOnPath(process.platform === 'win32' ? 'claude.exe' : 'claude', env['PATH'])
  if (claude === undefined) return { state: 'absent' }
  const folder = mkdtempSync(join(tmpdir(), 'atoll-claude-'))
  try {
    mkdirSync(join(folder, 'skills'))
    symlinkSync(plugin, join(folder, 'skills', pluginName), 'junction')
    const options = { env: { ...env, CLAUDE_CONFIG_DIR: folder, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_AUTOUPDATER: '1' }, signal, timeout: answerMs }
    const version = (await run(claude, ['--version'], options)).stdout.trim()
    const listed = await run(claude, ['plugin', 'list', '--json'], options)
    return judge(version, listed.stdout)
  } catch (error) {
    signal.throwIfAborted()
    return { state: 'refused', version: 'of unknown version', why: `\`claude plugin list\` failed: ${error instanceof Error ? error.message : String(error)}` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function judge(version: string, answer: string): LoadCheck {
  const listed = pluginList.safeParse(parse(answer))
  if (!listed.success) return { state: 'refused', version, why: 'its list of plugins could not be read' }
  const ours = listed.data.find(({ id }) => id === `${pluginName}@skills-dir`)
  if (ours === undefined) return { state: 'refused', version, why: 'it does not look for plugins in its folder skills/: 2.1.157 or later does, unless your organisation has switched that off' }
  if ((ours.errors ?? []).length > 0) return { state: 'refused', version, why: JSON.stringify(ours.errors) }
  if (ours.enabled === false) return { state: 'refused', version, why: 'it keeps the plugin switched off' }
  return { state: 'loads', version }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
