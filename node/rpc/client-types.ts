/** The typed client, derived from the declarations: `client.state.set({ key, value })`. */
import type { AnswerOf, EventOf, InputOf, OperationName } from '../ops/index.ts'

export interface CallOptions<Event = unknown> {
  /** A mesh's name or id; without it the client's own, else the node's default. */
  readonly mesh?: string | undefined
  /** Cancels the call at the node too. */
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((text: string, done?: number, total?: number, unit?: 'bytes') => void) | undefined
  /** Called for each event of a streaming operation. */
  readonly event?: ((event: Event) => void) | undefined
}

type NounOf<Name extends string> = Name extends `${infer Noun}.${string}` ? Noun : never
type VerbOf<Name extends string, Noun extends string> = Name extends `${Noun}.${infer Verb}` ? Verb : never
type Camel<Verb extends string> = Verb extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Verb
type Call<Name extends OperationName> = (...parameters: Record<never, never> extends InputOf<Name> ? [input?: InputOf<Name>, options?: CallOptions<EventOf<Name>>] : [input: InputOf<Name>, options?: CallOptions<EventOf<Name>>]) => Promise<AnswerOf<Name>>

type Verbs<Noun extends string> = {
  readonly [Verb in VerbOf<OperationName, Noun> as Camel<Verb>]: `${Noun}.${Verb}` extends OperationName ? Call<`${Noun}.${Verb}`> : never
}
/** Every operation as a method of its noun. */
export type Nouns = { readonly [Noun in NounOf<OperationName>]: Verbs<Noun> }

/** A connection to a running node. */
export interface Client extends AsyncDisposable, Nouns {
  /** The version of the node at the other end. */
  readonly version: string
  /** The protocol the node speaks; other than `rpcProtocol` only `node.stop` is safe to call. */
  readonly protocol: number
  readonly sessionId: string
  /** The name under which peers see this session. */
  readonly sessionName: string
  /** Calls an operation by its name. Rejects with AtollError. */
  call<Name extends OperationName>(name: Name, input: InputOf<Name>, options?: CallOptions<EventOf<Name>>): Promise<AnswerOf<Name>>
  /** The same for a name that is only known at run time. */
  callUntyped(name: string, input: unknown, options?: CallOptions): Promise<unknown>
  /** Resolves when the connection has ended, from whichever side. */
  readonly closed: Promise<void>
}
