/**
 * The limits table (rule T8). Sizes are bytes unless the name says otherwise. Limits that decide whether an
 * entry is well formed are part of the format and never change; the others may grow.
 */
export const limits = {
  // The format: fixed for good. A peer that read them otherwise would disagree about what exists.
  entryBytes: 240 * 1024,
  changesPerEntry: 4096,
  depsPerChange: 64,
  docNameBytes: 128,
  payloadBytes: 200 * 1024,
  clearOpBytes: 220 * 1024,
  frontierIds: 256,
  recipients: 2000,
  recipientsPerEnvelope: 1200,
  pins: 4000,
  devicesPerGrant: 64,
  keyBytes: 512,
  valueBytes: 128 * 1024,
  messageBytes: 64 * 1024,
  partsPerUpdate: 64,
  logsPerCheckpoint: 6000,
  headsTold: 64,
  chunkBytes: 192 * 1024,
  nodeEntries: 1024,
  treeDepth: 6,
  fileNameBytes: 512,
  tagsPerFile: 32,

  // What people type.
  nameBytes: 128,
  titleBytes: 128,
  bioBytes: 2048,
  avatarBytes: 64,
  capabilitiesPerMember: 32,
  capabilityBytes: 64,
  noteBytes: 64 * 1024,
  tagsPerNote: 32,
  tagBytes: 64,
  grantsPerMember: 4096,
  documentTextBytes: 1024 * 1024,
  /** Pieces of text and the like in one update of a document. */
  partsOfDocument: 1_000_000,
  /** Editors of whom a document's room remembers cursors; with more, those of peers are not taken any more. */
  cursorsPerDocument: 1000,
  linkBytes: 2048,
  groupsPerSession: 16,
  relaysPerLink: 3,
  meshesPerDeviceLink: 64,
  relaysPerMesh: 16,
  addressBytes: 256,

  // The wire.
  frameBytes: 256 * 1024,
  creditWindowBytes: 512 * 1024,
  headsPerFrame: 3000,
  wantsPerFrame: 1000,
  entriesPerFrame: 4096,
  handshakeBytes: 4096,
  joinHistoryBytes: 32 * 1024 * 1024,
  whisperBytes: 8 * 1024,
  slotsPerWhisper: 16,

  blobIdsPerFrame: 1000,
  blobWindowBytes: 4 * 1024 * 1024,

  // What one peer may cost another.
  blobsAskedPerStream: 1000,
  blobStreamsPerPeer: 8,
  whispersKept: 4096,
  clockLeadMs: 60_000,
  logsPerMesh: 200_000,
  tellingsKept: 64,
  /** What others did that only the faulty or hostile do: whose score is kept, from which score on nobody talks to them, and how long. */
  offendersKept: 1024,
  banScore: 100,
  offenceHalfLifeMs: 10 * 60_000,
  banMs: 5 * 60_000,
  longestBanMs: 60 * 60_000,
  /** After so long without a ban the next is as short as the first. */
  banRememberedMs: 24 * 60 * 60_000,
  rpcFrameBytes: 16 * 1024 * 1024,
  /** Who asks to be let in and waits for an admin: by one invite, in one mesh, and how long after it was last there. */
  joinRequestsPerInvite: 16,
  joinRequestsPerMesh: 64,
  joinRequestLifeMs: 24 * 60 * 60_000,
  /** Admins whom one who asks keeps waiting for at once. */
  adminsAsked: 8,

  // A link for a device of one's own: how often it may be tried, and a code typed, before it is over.
  deviceLinkTries: 3,
  shortCodeTries: 3,

  // A token for a headless device.
  tokenBytes: 8192,
  scopesPerToken: 32,
  scopeBytes: 64,

  // A backup. What a file may ask of the machine that reads it is bounded before any of it is done.
  backupBytes: 8 * 1024 * 1024,
  backupMeshes: 256,
  backupPeers: 8,
  backupAddresses: 4,
  backupKibibytes: 256 * 1024,
  backupPasses: 10,
  backupLanes: 16,
  passphraseBytes: 1024,

  // How long one key is used, where the mesh's stewards say nothing else; not a bound on what a peer may do.
  epochDays: 30,
  epochMegabytes: 1024,
  epochEntries: 1_000_000,

  // The relay.
  codesPerPeer: 64,
  peersPerCode: 256,
} as const
