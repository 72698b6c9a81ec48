/** A moment in words that a person reads at a glance: how long ago, or the date when it is longer. */
export function showTime(at: number, now: number): string {
  const seconds = Math.round((now - at) / 1000)
  if (seconds < -90) return `in ${span(-seconds)}`
  if (seconds < 10) return 'now'
  if (seconds < 30 * 86_400) return `${span(seconds)} ago`
  return new Date(at).toISOString().slice(0, 10)
}

function span(seconds: number): string {
  if (seconds < 90) return `${seconds} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} days`
}
