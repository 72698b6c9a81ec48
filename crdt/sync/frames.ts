/** Frames of `/atoll/sync/1` after the handshake. One stream carries one mesh between two peers. */
import { bool, bytes, fixed, list, names, struct, text, uint, variant, type TypeOf } from '../wire/codec.ts'
import { deviceId, entryId, logId } from '../wire/ids.ts'
import { limits } from '../wire/limits.ts'

const type = names({ content: 0, membership: 1 })

const head = struct({ log: logId, type, device: deviceId, seq: uint, id: entryId, forked: bool })
export type AnnouncedHead = TypeOf<typeof head>

export const syncFrame = variant({
  /** What the sender holds in all: equal digests mean equal heads, and nothing else needs saying. */
  digest: [1, struct({ digest: fixed(32) })],
  /** Heads, durable ones only (rule D1). `all`: the last page of everything; otherwise news or an earlier page. */
  heads: [2, struct({ all: bool, heads: list(head, limits.headsPerFrame) })],
  /** Please send these logs, each from after a seq. */
  want: [3, struct({ logs: list(struct({ log: logId, after: uint }), limits.wantsPerFrame) })],
  /** A run of one log that ends with an entry whose signature the sender checked. Costs its bytes in credit. */
  entries: [4, struct({ run: list(bytes(limits.entryBytes), limits.entriesPerFrame) })],
  /** So many more bytes of entries may be sent: those before are processed and durable. */
  credit: [5, struct({ bytes: uint })],
  /** A sealed, ephemeral datagram: see whisper.ts. */
  whisper: [6, struct({ bytes: bytes(limits.whisperBytes) })],
  ping: [7, struct({ token: uint })],
  pong: [8, struct({ token: uint })],
  /** Why the stream ends, as a stable code. */
  bye: [9, struct({ code: text(64) })],
  /** Please send runs that hold these entries: branches of forked logs that standing entries build on (rule T7). */
  fetch: [10, struct({ ids: list(entryId, limits.wantsPerFrame) })],
})
export type SyncFrame = TypeOf<typeof syncFrame>

/** Frames of later versions: numbers from here up to 127 are passed over by those who do not know them. */
export const firstUnknownFrame = 11
