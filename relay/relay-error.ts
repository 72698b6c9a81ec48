/** Why a relay could not start, in words that whoever starts it can act on. */
export type RelayProblem =
  | { readonly problem: 'bad_address'; readonly text: string; readonly why: string }
  | { readonly problem: 'cannot_listen'; readonly address: string; readonly why: string }
  | { readonly problem: 'key_modes'; readonly path: string; readonly mode: string; readonly command: string }
  | { readonly problem: 'key_unreadable'; readonly path: string; readonly why: string }
  | { readonly problem: 'key_malformed'; readonly path: string }

export class RelayError extends Error {
  readonly detail: RelayProblem

  constructor(detail: RelayProblem, options?: ErrorOptions) {
    super(describe(detail), options)
    this.name = 'RelayError'
    this.detail = detail
  }
}

function describe(detail: RelayProblem): string {
  switch (detail.problem) {
    case 'bad_address': return `${detail.text} is not an address the relay can use: ${detail.why}.`
    case 'cannot_listen': return `Cannot listen on ${detail.address}: ${detail.why}.`
    case 'key_modes': return `${detail.path} can be read by others (mode ${detail.mode}). Mend it with: ${detail.command}`
    case 'key_unreadable': return `The relay's key ${detail.path} cannot be used: ${detail.why}.`
    case 'key_malformed': return `${detail.path} is not a relay's key. Restore it from a backup, or move it away: a new key is then made, and with it a new peer id.`
  }
}
