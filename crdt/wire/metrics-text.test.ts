import { expect, test } from 'vitest'
import { metricFamily, metricsText, type MetricFamily } from './metrics-text.ts'

test('a family is its help, its type, then a line for each sample', () => {
  const families: MetricFamily[] = [
    metricFamily('atoll_up_seconds', 'gauge', 'Since the start.', 61.5),
    metricFamily('atoll_refused_total', 'counter', 'By reason.', [{ labels: { reason: 'full' }, value: 2 }, { labels: { reason: 'late' }, value: 0 }]),
    metricFamily('atoll_call_seconds', 'summary', 'How long calls took.', [{ labels: { operation: 'state.set', mesh: 'a1' }, value: 0.25, part: 'sum' }, { labels: { operation: 'state.set', mesh: 'a1' }, value: 3, part: 'count' }]),
  ]
  expect(metricsText(families)).toEqual([
    '# HELP atoll_up_seconds Since the start.',
    '# TYPE atoll_up_seconds gauge',
    'atoll_up_seconds 61.5',
    '# HELP atoll_refused_total By reason.',
    '# TYPE atoll_refused_total counter',
    'atoll_refused_total{reason="full"} 2',
    'atoll_refused_total{reason="late"} 0',
    '# HELP atoll_call_seconds How long calls took.',
    '# TYPE atoll_call_seconds summary',
    'atoll_call_seconds_sum{operation="state.set",mesh="a1"} 0.25',
    'atoll_call_seconds_count{operation="state.set",mesh="a1"} 3',
  ])
})

test('a family without samples is left out', () => {
  expect(metricsText([metricFamily('atoll_refused_total', 'counter', 'By reason.', [])])).toEqual([])
})

test('T8: no label value ends its line, its quotes or its label, whoever wrote it', () => {
  const hostile: readonly (readonly [value: string, shown: string])[] = [
    ['al"ice', String.raw`al\"ice`],
    [String.raw`al\ice\n`, String.raw`al\\ice\\n`],
    ['x"} 1\natoll_up_seconds 0', String.raw`x\"} 1\natoll_up_seconds 0`],
    [String.raw`ends in \ `.trim(), String.raw`ends in \\`],
    ['a\rb\u{85}c\u{2028}d\u{0}e', 'a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e'],
    ['half \ud83d', 'half \u{fffd}'],
    ['мир 世界 🏝️', 'мир 世界 🏝️'],
  ]
  for (const [value, shown] of hostile) expect(metricsText([metricFamily('atoll_peer_info', 'gauge', 'Names.', [{ labels: { name: value }, value: 1 }])]).at(-1)).toBe(`atoll_peer_info{name="${shown}"} 1`)
  expect(metricsText([metricFamily('x', 'gauge', 'one\ntwo \\ "three"', 1)])[0]).toBe(String.raw`# HELP x one\ntwo \\ "three"`)
})

test('numbers are written as the format has them', () => {
  const shown = (value: number): string | undefined => metricsText([metricFamily('x', 'gauge', 'X.', value)]).at(-1)
  expect([0, -1.5, 1e21, 1e-9, Number.MAX_SAFE_INTEGER, Infinity, -Infinity, NaN].map(shown)).toEqual(['x 0', 'x -1.5', 'x 1e+21', 'x 1e-9', 'x 9007199254740991', 'x +Inf', 'x -Inf', 'x NaN'])
})
