/**
 * Numbers in the text format that Prometheus scrapes (version 0.0.4). It stands here since node and relay both show theirs
 * this way, and this is all of ours that a relay may import.
 */
export interface MetricSample {
  /** Values may be any text, from peers too; names are ours: `[a-z_]+`. */
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** Which part of a summary it is. */
  readonly part?: 'sum' | 'count' | undefined
}

export interface MetricFamily {
  readonly name: string
  /** A summary here has no quantiles: its sum and its count, for averages. */
  readonly type: 'counter' | 'gauge' | 'summary'
  readonly help: string
  readonly samples: readonly MetricSample[]
}

/** The media type of the text. */
export const metricsType = 'text/plain; version=0.0.4'

/** A family of one number without labels, or of several with. */
export function metricFamily(name: string, type: MetricFamily['type'], help: string, value: number | readonly MetricSample[]): MetricFamily {
  return { name, type, help, samples: typeof value === 'number' ? [{ labels: {}, value }] : value }
}

/** The lines of a page. A family without samples is left out, since its type alone says nothing. */
export function metricsText(families: readonly MetricFamily[]): readonly string[] {
  return families.filter(({ samples }) => samples.length > 0).flatMap(({ name, type, help, samples }) => [
    `# HELP ${name} ${escaped(help)}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ labels, value, part }) => `${name}${part === undefined ? '' : `_${part}`}${labelText(labels)} ${numberText(value)}`),
  ])
}

function labelText(labels: MetricSample['labels']): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value).replaceAll('"', String.raw`\"`)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** The format escapes a backslash, a quote and a line feed; what else could end a line for some reader has no escape in it. */
function escaped(text: string): string {
  return text.toWellFormed().replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`).replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
