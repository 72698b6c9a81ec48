/**
 * A command that is not derived from an operation: it runs a process (relay, up, mcp), changes this machine
 * (install) or needs the terminal. Each stands in cli/commands/<verb>.ts and is listed in cli/commands/index.ts,
 * which imports them lazily so that starting `atoll` stays quick.
 */
export interface Command {
  readonly name: string
  /** One line for `atoll help`. */
  readonly summary: string
  /** Lines such as `atoll relay [--listen HOST:PORT]`. */
  readonly usage: readonly string[]
  readonly example: string
  readonly options: Readonly<Record<string, CommandOption>>
  /** Names of positional arguments, for help and errors; a trailing `?` marks an optional one. */
  readonly positional: readonly string[]
  /** Resolves with the exit status. Errors are thrown as AtollError and printed by the caller. */
  run(input: CommandInput): Promise<number>
  /** How long it may take to return after the signal; 2000 when left out. */
  readonly stopWithinMs?: number
}

export interface CommandOption {
  readonly type: 'string' | 'boolean'
  readonly multiple?: boolean
  /** One letter that means the same: `-f`. */
  readonly short?: string
  readonly doc: string
}

export interface CommandInput {
  readonly positionals: readonly string[]
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>
  readonly json: boolean
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly terminal: Terminal
  /** Fires on Ctrl-C and SIGTERM; a command that does not return in time (`stopWithinMs`) is ended. */
  readonly signal: AbortSignal
}

/** Where a command writes: answers to stdout, everything else to stderr. */
export interface Terminal {
  readonly colour: boolean
  readonly interactive: boolean
  readonly columns: number
  out(text: string): void
  err(text: string): void
  /** Prints the one JSON document of a `--json` run: `{"schema_version":"1.0","ok":true,...fields}`. */
  json(fields: Readonly<Record<string, unknown>>): void
  readonly stdin: AsyncIterable<Uint8Array>
}
