import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { writeDurably } from '../../../node/host/write-durably.ts'
import type { Change, InstallPlan } from './plan-install.ts'
import { agentFolder, recordPath } from './record.ts'

/** Makes the planned changes. The record comes first: whatever happens then, `uninstall` knows what to look for. */
export function applyInstall({ changes, record }: InstallPlan, home: string): void {
  mkdirSync(agentFolder(home), { recursive: true, mode: 0o700 })
  writeDurably(recordPath(home), `${JSON.stringify(record, null, 2)}\n`)
  for (const change of changes) apply(change)
}

function apply(change: Change): void {
  switch (change.kind) {
    case 'write':
      mkdirSync(dirname(change.path), { recursive: true, mode: 0o700 })
      return writeDurably(change.path, change.after)
    case 'delete':
      return rmSync(change.path)
    case 'folder':
      mkdirSync(change.path)
      return
    case 'link':
      // A junction is the kind of link that Windows lets everybody make.
      return symlinkSync(change.target, change.path, 'junction')
  }
}
