import type { LinkProblem } from '../../../crdt/members/link.ts'
import { AtollError } from '../../ports/errors.ts'

/** Why what was pasted is no link. */
export const linkRefusal = (problem: LinkProblem): AtollError => (problem.problem === 'version' ? new AtollError('link_version', { version: problem.version }) : new AtollError('link_malformed', { why: problem.why }))
