import type { Version } from '../../../crdt/docs/registers.ts'
import type { Names } from '../mesh/names.ts'

/** Who wrote a value; where its entry cannot be opened here, also whose word it is. */
export function authorOf(names: Names, { device, told }: Pick<Version, 'device' | 'told'>): string {
  return told === undefined ? names.device(device) : `${names.device(device)} (as told by ${names.device(told)})`
}
