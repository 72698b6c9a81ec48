/**
 * Where a house rule is not kept, and why. An exception that is no longer needed fails the test as well.
 */

/** Files of more than 300 lines. */
export const longFiles: Readonly<Record<string, string>> = {
  'crdt/wire/codec.ts': 'The whole canonical encoding: one closed set of codecs that is read, reviewed and frozen together.',
  'node/ports/services.ts': 'The services table: one short interface per noun, nothing but declarations.',
}

/** Test code that waits for time. */
export const waits: Readonly<Record<string, string>> = {}
