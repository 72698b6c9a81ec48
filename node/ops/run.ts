/** `runOp` is the only way to a handler: parse, permit, narrow, run, check the answer. */
import type * as z from 'zod'
import { AtollError, toAtollError } from '../ports/errors.ts'
import type { Caller, PeerHost, Services } from '../ports/services.ts'
import { storageError } from '../ports/storage-error.ts'
import { StoreError } from '../ports/store.ts'
import { commonErrors } from './common-errors.ts'
import type { Conduct, Operation } from './define.ts'
import { permit } from './permit.ts'

/** One call of an operation: who calls, from where, and who hears of its progress and events. */
export interface OpCall extends Caller {
  readonly progress?: Conduct['progress']
  readonly emit?: (event: unknown) => void
}

/**
 * Runs an operation on a host with unchecked input. Whatever it throws is an AtollError; a code that the
 * operation does not declare becomes `internal`, so the declarations stay true.
 */
export async function runOp<O extends Operation>(operation: O, host: PeerHost, input: unknown, call: OpCall): Promise<z.output<O['output']>> {
  const ended = host.meter.began(operation.name)
  try {
    call.signal.throwIfAborted()
    const parsed = parseInput(operation, input)
    await permit(operation, host, call)
    const services = narrow(host.services(call), operation.needs)
    const answer = await operation.handler(services, parsed, conductOf(operation, call))
    const checked = checkAnswer(operation, answer) as z.output<O['output']>
    ended()
    return checked
  } catch (error) {
    const refusal = error instanceof StoreError ? storageError(error) : toAtollError(error)
    const failure = declared(operation, call.signal.aborted && isAbort(error, call.signal) ? whyEnded(call.signal, error) : refusal)
    ended(failure.code)
    throw failure
  }
}

function parseInput(operation: Operation, input: unknown): Record<string, unknown> {
  const parsed = operation.input.safeParse(input ?? {})
  if (parsed.success) return parsed.data
  const refused = parsed.error.issues.find((issue) => issue.code === 'custom' && issue.params?.['atoll'] instanceof AtollError)
  if (refused?.code === 'custom') throw refused.params?.['atoll']
  throw new AtollError('bad_input', { what: parsed.error.issues.map((issue) => sentence(issue, operation, input)).join(' ') })
}

function sentence(issue: z.core.$ZodIssue, operation: Operation, input: unknown): string {
  const where = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') return `${operation.name} has no parameter ${issue.keys.join(', ')}.`
  const given = issue.path.reduce((value: unknown, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key], input)
  if (where !== '' && given === undefined && issue.code !== 'custom') return `${where} is missing.`
  return where === '' ? `${issue.message}.` : `${where}: ${issue.message}.`
}

/** Exactly the services that were declared: anything else is not there to be called by mistake. */
function narrow(services: Services, needs: readonly (keyof Services)[]): Services {
  return Object.fromEntries(needs.map((need) => [need, services[need]])) as unknown as Services
}

function conductOf(operation: Operation, call: OpCall): Conduct {
  const { progress = () => {}, emit = () => {}, signal } = call
  return { signal, progress, emit: (event) => emit(operation.event === undefined ? event : operation.event.parse(event)) }
}

function checkAnswer(operation: Operation, answer: unknown): unknown {
  const checked = operation.output.safeParse(answer)
  if (checked.success) return checked.data
  throw new AtollError('internal', { why: `${operation.name} answered out of shape: ${checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}` })
}

function declared(operation: Operation, error: AtollError): AtollError {
  if (operation.errors.includes(error.code) || commonErrors(operation).includes(error.code)) return error
  return new AtollError('internal', { why: `${operation.name} failed with ${error.code}: ${error.message}` }, { cause: error })
}

/** Whoever aborted may have said why: the caller left, the node stops, events piled up. */
function whyEnded({ reason }: AbortSignal, cause: unknown): AtollError {
  return reason instanceof AtollError ? reason : new AtollError('cancelled', {}, { cause })
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError'))
}
