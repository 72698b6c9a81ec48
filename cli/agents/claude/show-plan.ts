/** Plans as text for a person, in the manner of a diff. */
import { lineDiff } from '../line-diff.ts'
import type { Change } from './plan-install.ts'
import type { UndoPlan } from './undo-install.ts'

/** What install would change, files line by line. */
export function showChanges(changes: readonly Change[]): string {
  return changes.flatMap(showChange).join('\n')
}

function showChange(change: Change): readonly string[] {
  switch (change.kind) {
    case 'write':
      return [`${change.before === undefined ? 'new file' : 'changed file'} ${change.path}`, ...lineDiff(change.before ?? '', change.after).map((line) => `  ${line}`)]
    case 'delete':
      return [`deleted file ${change.path}`]
    case 'folder':
      return [`new folder ${change.path}`]
    case 'link':
      return [`new link ${change.path} -> ${change.target}`]
  }
}

/** What uninstall would delete, and what it would leave and why. */
export function showUndo({ remove, keep }: UndoPlan): string {
  return [...remove.map(({ kind, path }) => `deleted ${kind} ${path}`), ...keep.map(({ path, why }) => `kept ${path}: ${why}`)].join('\n')
}
