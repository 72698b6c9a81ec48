const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** A size for people, in powers of ten: `12.3 MB`. */
export function bytesText(bytes: number): string {
  let size = bytes
  let unit = 0
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${unit === 0 ? size : size < 10 ? size.toFixed(1) : size.toFixed(0)} ${units[unit] as string}`
}
