import * as z from 'zod'
import { defineOp } from '../define.ts'
import { bad, dim, good, shortId, strong, time } from '../show.ts'

/** Verifies everything that is stored. */
export const auditVerify = defineOp({
  name: 'audit.verify',
  doc: 'Verify every chain, signature and authority of the mesh as this device holds it, and name what does not fit, with who signed it.',
  permission: 'audit.read',
  positional: [],
  input: z.strictObject({}),
  output: z.object({
    intact: z.boolean().describe('Nothing was found that does not fit'),
    entries: z.number(),
    logs: z.number(),
    signatures: z.number(),
    membership: z.number(),
    problems: z.array(z.object({ entry: z.string(), log: z.string(), seq: z.number(), device: z.string(), by: z.string(), at: z.number(), problem: z.string() })).describe('The first one first'),
  }),
  needs: ['audit'],
  errors: [],
  cli: { command: 'audit verify', exit: ({ intact }) => (intact === true ? 0 : 1) },
  mcp: { tool: 'audit_verify', readOnly: true },
  example: 'atoll audit verify',
  handler: async ({ audit }, _, { progress, signal }) => {
    const { ok, ...report } = await audit.verify((done, total) => progress('verifying entries', done, total), signal)
    return { intact: ok, ...report }
  },
  show: (answer) => [
    answer.intact ? good('Everything fits.') : bad(`${answer.problems.length} ${answer.problems.length === 1 ? 'thing does' : 'things do'} not fit.`),
    ...answer.problems.slice(0, 1).map(({ by, problem, entry }) => ({ line: ['The first:', problem, 'in', dim(entry), 'of', strong(by)] })),
    `${answer.entries} entries in ${answer.logs} logs, ${answer.signatures} signatures, ${answer.membership} membership entries.`,
    ...(answer.problems.length === 0 ? [] : [{ columns: ['PROBLEM', 'BY', 'AT', 'LOG', 'SEQ', 'DEVICE', 'ENTRY'], rows: answer.problems.map((one) => [bad(one.problem), strong(one.by), time(one.at), one.log, one.seq, shortId(one.device), one.entry]), empty: '' }]),
  ],
})
