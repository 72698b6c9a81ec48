import { homedir } from 'node:os'
import { openProfile, profileHome } from '../../node/host/profile.ts'
import { AtollError } from '../../node/ports/errors.ts'
import { agreed, declined } from '../agents/agreed.ts'
import { applyInstall } from '../agents/claude/apply-install.ts'
import { checkLoads, type LoadCheck } from '../agents/claude/check-loads.ts'
import { claudeFolder } from '../agents/claude/folder.ts'
import { planInstall, type InstallPlan } from '../agents/claude/plan-install.ts'
import { pluginFiles } from '../agents/claude/plugin.ts'
import { showChanges } from '../agents/claude/show-plan.ts'
import { applyUndo, planUndo } from '../agents/claude/undo-install.ts'
import { launchCommand } from '../agents/launch.ts'
import { requireAgent } from '../agents/require-agent.ts'
import type { Command, CommandInput } from '../command.ts'
import { version } from '../version.ts'

/** Registers Atoll with an agent. */
export const command: Command = {
  name: 'install',
  summary: 'Register Atoll with a coding agent',
  usage: ['atoll install claude [--dry-run] [--yes]'],
  example: 'atoll install claude --dry-run',
  options: {
    'dry-run': { type: 'boolean', doc: 'Show what would change, and change nothing.' },
    yes: { type: 'boolean', doc: 'Do not ask before changing anything.' },
  },
  positional: ['agent'],
  run: async (input) => {
    requireAgent(input.positionals[0])
    const { home, env, values, signal } = input
    const claude = claudeFolder(env, homedir())
    const launch = launchCommand({ node: process.execPath, script: process.argv[1] ?? '', path: env['PATH'] })
    const plan = planInstall({ home, claude, files: pluginFiles({ launch, version, home: home === profileHome({}) ? undefined : home }) })
    if (!input.json && plan.changes.length > 0) input.terminal.out(showChanges(plan.changes))
    if (values['dry-run'] === true) return report(input, plan, { state: 'absent' }, false)
    if (plan.changes.length > 0 && !(await agreed('Make these changes?', input))) return declined(input)

    openProfile(home, env)
    applyInstall(plan, home)
    const check = await checkLoads(plan.record.target, env, signal).catch((error: unknown) => {
      takeBack(plan, home, claude)
      throw error
    })
    if (check.state === 'refused') {
      takeBack(plan, home, claude)
      throw new AtollError('bad_input', { what: `Claude Code ${check.version} does not load the plugin: ${check.why}.` })
    }
    return report(input, plan, check, plan.changes.length > 0)
  },
}

/** An install that turns out not to work leaves nothing; one that was there before stays as `install` found or mended it. */
function takeBack({ changes }: InstallPlan, home: string, claude: string): void {
  if (!changes.some(({ kind }) => kind === 'link')) return
  const undo = planUndo(home, claude)
  if (undo !== undefined) applyUndo(undo)
}

function report({ json, terminal, values }: CommandInput, { changes, record }: InstallPlan, check: LoadCheck, changed: boolean): number {
  const dryRun = values['dry-run'] === true
  if (json) {
    const listed = changes.map((change) => ({ kind: change.kind, path: change.path, ...(change.kind === 'link' ? { target: change.target } : {}) }))
    terminal.json({ agent: 'claude', dry_run: dryRun, changed, changes: listed, link: record.link, checked_with: check.state === 'loads' ? check.version : null })
    return 0
  }
  if (dryRun) terminal.out(changes.length === 0 ? 'Nothing would change.' : 'Nothing was changed.')
  else if (changed) terminal.out(['', 'Atoll is in Claude Code: its tools, and messages from peers as they come.', ...next(check)].join('\n'))
  else terminal.out('Atoll is in Claude Code already; nothing was changed.')
  return 0
}

function next(check: LoadCheck): readonly string[] {
  const unchecked = check.state === 'absent' ? ['No `claude` was found on PATH, so this was not tried out. Claude Code 2.1.157 or later is needed.'] : []
  return [...unchecked, 'Sessions that run now have it after /reload-plugins, new ones at once. `atoll uninstall claude` takes it back.']
}
