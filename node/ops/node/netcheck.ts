import * as z from 'zod'
import { defineOp } from '../define.ts'
import { bad, good, warn } from '../show.ts'

const nat = z.enum(['none', 'ordinary', 'symmetric', 'udp-blocked', 'unknown'])

/** Checks how this machine stands on the network. */
export const nodeNetcheck = defineOp({
  name: 'node.netcheck',
  doc: 'Check this machine’s network by itself: addresses, the NAT in front of it, whether UDP gets out, each relay; with what to do about what is wrong. Only relays in use are asked.',
  permission: 'node.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    families: z.array(z.object({ family: z.literal([4, 6]), addresses: z.array(z.string()), nat, seen: z.string().nullable().describe('ADDRESS:PORT as a relay sees it') })),
    relays: z.array(z.object({ address: z.string(), connected: z.boolean(), reserved: z.boolean(), rtt_ms: z.number().nullable(), error: z.string().nullable() })),
    listens: z.array(z.string()),
    findings: z.array(z.object({ tone: z.enum(['good', 'warn', 'bad']), text: z.string(), advice: z.string().nullable() })),
  }),
  needs: ['node'],
  errors: [],
  cli: { command: 'netcheck', exit: ({ findings }) => (Array.isArray(findings) && findings.some((one: { tone?: unknown }) => one.tone === 'bad') ? 1 : 0) },
  example: 'atoll netcheck',
  handler: ({ node }, _, { progress, signal }) => {
    progress('asking the relays how they see this machine')
    return node.netcheck(signal)
  },
  show: ({ families, findings }) => [
    { facts: families.filter(({ addresses }) => addresses.length > 0).map(({ family, addresses }) => [`IPv${family}`, addresses] as const) },
    '',
    ...findings.flatMap(({ tone, text, advice }) => [
      { line: [tone === 'good' ? good('✓') : tone === 'warn' ? warn('!') : bad('✗'), text] },
      ...(advice === null ? [] : [{ line: ['  →', advice] }]),
    ]),
  ],
})
