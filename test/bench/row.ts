/** One line of the speed table: what was measured, the target, and the floor beside it in the same run. */
export interface Row {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** `<=` or `>=` the target; undefined where the row only informs. */
  readonly target?: { readonly at: '<=' | '>='; readonly value: number }
  /** The same thing done bare, and what it was. */
  readonly floor?: { readonly what: string; readonly value: number }
}

export function show({ what, value, unit, target, floor }: Row): string {
  const number = (n: number): string => (n >= 1000 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2))
  const met = target && (target.at === '<=' ? value <= target.value : value >= target.value)
  const verdict = target ? (met ? 'ok  ' : `MISS by ${number(Math.abs(value - target.value))}`) : ''
  const ratio = floor && floor.value > 0 ? `  ${number(value / floor.value)}× ${floor.what} (${number(floor.value)})` : ''
  return `${what.padEnd(58)} ${`${number(value)} ${unit}`.padStart(14)}  ${target ? `${target.at} ${number(target.value)}`.padEnd(10) : ''.padEnd(10)} ${verdict}${ratio}`
}
