/**
 * Which policy is in force: of the standing ones the causally newest, of concurrent ones the strictest. A policy
 * that was made in knowledge of another with its key replaces it, whoever made that; there is no rank among stewards.
 */
import type { History, Positions } from './history.ts'
import { strictness, type Policy } from './policy.ts'

/**
 * @param key of the policies that are asked for, see `policyKey`
 * @param scope only policies that lie there
 * @param stands whether the operation at a position does
 */
export function policyInForce(history: History, key: string, scope: Positions, stands: (at: number) => boolean): Policy | undefined {
  const known = history.policies.get(key)
  if (!known) return undefined
  // An operation has more behind it than any that lies in its past: so each comes after whatever replaces it.
  const candidates = known.filter(({ at }) => scope.has(at) && stands(at)).sort((a, b) => (history.depths[b.at] as number) - (history.depths[a.at] as number))
  const newest: typeof candidates = []
  for (const one of candidates) if (!newest.some(({ at }) => history.inPast(at, one.at))) newest.push(one)
  return newest.map(({ policy }) => policy).reduce<Policy | undefined>((strictest, policy) => (!strictest || strictness(policy) > strictness(strictest) ? policy : strictest), undefined)
}
