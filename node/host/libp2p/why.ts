/** What went wrong in libp2p or below it, in words a person understands. */

/** What a captive portal looks like: it takes every connection and answers with a page of its own. */
export const somethingElse = 'something else answers there'

/** Ordered: the first pattern that fits the error's name, code or message wins. */
const reasons: readonly (readonly [RegExp, string])[] = [
  // An answer in HTTP, whose H was taken for the length of what follows.
  [/while reading \d+\/72 bytes/, somethingElse],
  [/ECONNREFUSED/, 'connection refused: nothing listens there'],
  [/EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ENETDOWN|EHOSTDOWN/, 'no route to that address from here'],
  [/ENOTFOUND|EAI_AGAIN|EAI_FAIL/, 'its name could not be looked up'],
  [/EACCES|EPERM/, 'this machine does not allow it'],
  [/EADDRINUSE/, 'another program listens there'],
  [/does not match expected remote identity key|UnexpectedPeer|Identified peer does not match/, 'another peer answers there'],
  [/Can not dial self|dial self/, 'it is this node itself'],
  [/UnsupportedProtocol|could not negotiate/, 'it does not speak this protocol'],
  [/ETIMEDOUT|TimeoutError|timed out|timeout/i, 'timed out'],
  [/ConnectionDenied|ConnectionIntercepted|blocked by gater/, 'refused by a limit on connections'],
  [/ECONNRESET|EPIPE|Reset|MuxerClosed|ConnectionClosed|StreamClosed|StreamState|UnexpectedEOF|closed|ended/i, 'it closed the connection'],
  [/EncryptionFailed|InvalidCryptoExchange|Received non-200|Unexpected server response|Parse Error/, somethingElse],
]

/** The reason for an error; of several attempts the first. */
export function whyOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  // A WebSocket that cannot connect rejects with its event.
  if (!(first instanceof Error)) return typeof first === 'object' && first !== null && 'error' in first && first.error !== first ? whyOf(first.error) : String(first)
  const code = 'code' in first ? String(first.code) : ''
  const text = `${first.name} ${code} ${first.message}`
  return reasons.find(([pattern]) => pattern.test(text))?.[1] ?? (first.message === '' ? 'nothing answers there' : first.message)
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
