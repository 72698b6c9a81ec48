import { join, resolve } from 'node:path'

/** Where Claude Code keeps a user's things. */
export function claudeFolder(env: Readonly<Record<string, string | undefined>>, userHome: string): string {
  const named = env['CLAUDE_CONFIG_DIR']
  return named === undefined || named === '' ? join(userHome, '.claude') : resolve(named)
}
