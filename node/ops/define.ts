/**
 * One declaration per capability (DESIGN 8). CLI command, MCP tool, typed client, documentation and the
 * permission check are loops over these; nothing else knows what operations there are.
 */
import type * as z from 'zod'
import type { ErrorCode } from '../ports/errors.ts'
import type { Services } from '../ports/services.ts'
import type { Permission } from './permissions.ts'
import type { Show } from './show.ts'

/** A value whose arrays and objects may be read-only all the way down: what handlers may return. */
export type Deep<T> = T extends readonly (infer Item)[] ? readonly Deep<Item>[] : T extends object ? { readonly [K in keyof T]: Deep<T[K]> } : T

/** What a handler is given beside its services: the caller's signal and ways to talk before the answer. */
export interface Conduct<Event = unknown> {
  readonly signal: AbortSignal
  /** Tells the caller how far a long call has come; `done` of `total` where that is known, and what is counted. */
  progress(text: string, done?: number, total?: number, unit?: 'bytes'): void
  /** Sends one event of a streaming operation. */
  emit(event: Deep<Event>): void
}

/** How an operation appears on the command line. The noun-verb form of its name is an alias by itself. */
export interface CliShape<Params extends string = string> {
  /** The words after `atoll`, for instance `recall` or `state set`. */
  readonly command: string
  /** What stands for a parameter in help, where its name would mislead: `{ content: 'TEXT' }`. */
  readonly placeholders?: Partial<Readonly<Record<Params, string>>>
  /** Another flag name than the parameter's own: `{ relays: 'relay' }`. */
  readonly flags?: Partial<Readonly<Record<Params, string>>>
  /** Parameters that make no sense on the command line. */
  readonly hidden?: readonly Params[]
  /** The last positional takes all that is left, joined by spaces. */
  readonly rest?: boolean
  /** This positional may be `-`: it is then read from standard input. */
  readonly stdin?: Params
  /** Said before something that cannot be taken back; needs `--yes`, or a yes on the terminal. */
  readonly confirm?: (input: Readonly<Record<Params, unknown>>) => string
  /** What makes a call only say what it would do: asked and shown before the question. */
  readonly preview?: Partial<Readonly<Record<Params, unknown>>>
  /** Another exit status than 0 for an answer that is bad news. */
  exit?(answer: Readonly<Record<string, unknown>>): number
}

/** How an operation appears to agents. */
export interface McpShape<Params extends string = string> {
  /** The established tool name. */
  readonly tool: string
  /** Instead of `doc`, when an agent needs other words. */
  readonly doc?: string
  /** One of the handful that an agent must always have at hand. */
  readonly alwaysLoad?: boolean
  /** Parameters that make no sense for an agent. */
  readonly hidden?: readonly Params[]
  /** The tool changes nothing. */
  readonly readOnly?: boolean
}

export interface Operation<Name extends string = string, Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject, Needs extends keyof Services = keyof Services, Event extends z.ZodType = z.ZodType> {
  /** `noun.verb`. */
  readonly name: Name
  /** What it does, for people and agents: at most 300 characters. */
  readonly doc: string
  readonly permission: Permission
  /** Parameters given by place on the command line, in order. */
  readonly positional: readonly (keyof z.input<Input> & string)[]
  readonly input: Input
  readonly output: Output
  /** Present on streaming operations: the shape of each event. */
  readonly event?: Event
  readonly needs: readonly Needs[]
  /** The codes it may fail with, beside those that every operation may. */
  readonly errors: readonly ErrorCode[]
  readonly cli?: CliShape<keyof z.input<Input> & string>
  readonly mcp?: McpShape<keyof z.input<Input> & string>
  /** Parameters that are paths of this machine: the surface that has a working directory makes them absolute. */
  readonly paths?: readonly (keyof z.input<Input> & string)[]
  /** A command line for the help and the documentation. */
  readonly example: string
  /** Whether a call with this input changes nothing and waits for nothing. Left out: as its permission says (only-reads.ts). */
  onlyReads?(input: Readonly<Record<string, unknown>>): boolean
  handler(services: Pick<Services, Needs>, input: z.output<Input>, conduct: Conduct<z.output<Event>>): Promise<Deep<z.input<Output>>>
  /** The answer as a person should see it. */
  show(answer: z.output<Output>, input: z.output<Input>): Show
  /** One event as a person should see it. */
  showEvent?(event: z.output<Event>): Show
}

/** Declares an operation; returns it unchanged, with its exact types. */
export function defineOp<const Name extends string, Input extends z.ZodObject, Output extends z.ZodObject, const Needs extends keyof Services, Event extends z.ZodType = z.ZodType>(
  operation: Operation<Name, Input, Output, Needs, Event>,
): Operation<Name, Input, Output, Needs, Event> {
  return operation
}
