import { homedir } from 'node:os'
import { agreed, declined } from '../agents/agreed.ts'
import { claudeFolder } from '../agents/claude/folder.ts'
import { showUndo } from '../agents/claude/show-plan.ts'
import { applyUndo, planUndo } from '../agents/claude/undo-install.ts'
import { requireAgent } from '../agents/require-agent.ts'
import type { Command } from '../command.ts'

/** Takes back what `install` did. */
export const command: Command = {
  name: 'uninstall',
  summary: 'Take that registration back, exactly',
  usage: ['atoll uninstall claude [--dry-run] [--yes]'],
  example: 'atoll uninstall claude',
  options: {
    'dry-run': { type: 'boolean', doc: 'Show what would go, and change nothing.' },
    yes: { type: 'boolean', doc: 'Do not ask before changing anything.' },
  },
  positional: ['agent'],
  run: async (input) => {
    requireAgent(input.positionals[0])
    const { home, env, json, terminal } = input
    const dryRun = input.values['dry-run'] === true
    const undo = planUndo(home, claudeFolder(env, homedir()))
    if (!json && undo !== undefined) terminal.out(showUndo(undo))
    if (undo !== undefined && !dryRun) {
      if (!(await agreed('Delete these?', input))) return declined(input)
      applyUndo(undo)
    }
    if (json) terminal.json({ agent: 'claude', dry_run: dryRun, changed: undo !== undefined && !dryRun, removed: (undo?.remove ?? []).map(({ kind, path }) => ({ kind, path })), kept: undo?.keep ?? [] })
    else if (undo === undefined) terminal.out('This profile is not installed in Claude Code; nothing was changed.')
    else if (dryRun) terminal.out('Nothing was changed.')
    else terminal.out('\nAtoll is no longer in Claude Code. Sessions that run now keep it until they end.')
    return 0
  },
}
