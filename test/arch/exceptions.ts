/**
 * Where a house rule is not kept, and why. An exception that is no longer needed fails the test as well.
 */

/** Files of more than 300 lines. */
export const longFiles: Readonly<Record<string, string>> = {
  'crdt/wire/codec.ts': 'The whole canonical encoding: one closed set of codecs that is read, reviewed and frozen together.',
  'node/peer/replica/replica.ts': 'One queue, one commit, one way back from a failed one: what may not interleave is read in one place.',
  'node/ports/services.ts': 'The services table: one short interface per noun, nothing but declarations.',
}

/** Test code that waits for time. */
export const waits: Readonly<Record<string, string>> = {
  'test/nat/slow-wire-child.ts': 'Latency is what it is for: it holds every packet back for a time.',
  'test/doubles/temporary-home.ts': 'Polls for a file lock that another process holds: there is nothing to await.',
}
