import type { Operation } from './define.ts'

/** Whether a call changes nothing and waits for nothing, so that a profile which cannot be written is no obstacle to it. */
export function onlyReads(operation: Pick<Operation, 'permission' | 'event' | 'onlyReads'>, input: Readonly<Record<string, unknown>>): boolean {
  if (operation.event !== undefined) return false
  return operation.onlyReads?.(input) ?? /\.(read|list)$/.test(operation.permission)
}
