import * as z from 'zod'
import { metricsText } from '../../../crdt/wire/metrics-text.ts'
import { defineOp } from '../define.ts'

/** What a scraper reads, here. */
export const nodeMetrics = defineOp({
  name: 'node.metrics',
  doc: 'Numbers of the running node as Prometheus reads them: path, round trip and bytes of each peer; calls, failures and time of each operation; process, stores, files, relays. The setting `metrics` serves them over HTTP.',
  permission: 'node.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    metrics: z.array(
      z.object({
        name: z.string(),
        type: z.enum(['counter', 'gauge', 'summary']),
        help: z.string(),
        samples: z.array(z.object({ labels: z.record(z.string(), z.string()), value: z.number(), part: z.enum(['sum', 'count']).optional().describe('Of a summary') })),
      }),
    ),
  }),
  needs: ['node'],
  errors: [],
  cli: { command: 'metrics' },
  example: 'atoll metrics',
  handler: async ({ node }) => ({ metrics: await node.metrics() }),
  show: ({ metrics }) => metricsText(metrics),
})
