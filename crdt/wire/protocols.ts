/** Names that two peers must spell the same. A change of meaning is a change of name. */

/** libp2p protocols. */
export const protocols = {
  sync: '/atoll/sync/1',
  join: '/atoll/join/1',
  rendezvous: '/atoll/rendezvous/1',
  blobs: '/atoll/blobs/1',
  recover: '/atoll/recover/1',
} as const

/** Domain separation (rule T10): what a signature, hash or key is for. Every use has its own. */
export const domains = {
  entry: 'atoll/entry/v1',
  entryId: 'atoll/entry-id/v1',
  logId: 'atoll/log-id/v1',
  messageId: 'atoll/message-id/v1',
  meshTag: 'atoll/mesh-tag/v1',
  syncTag: 'atoll/sync-tag/v1',
  rootProof: 'atoll/root-proof/v1',
  linkConsent: 'atoll/link-consent/v1',
  rootRemoval: 'atoll/root-removal/v1',
  sealingKey: 'atoll/sealing-key/v1',
  inviteProof: 'atoll/invite-proof/v1',
  inviteKey: 'atoll/invite-key/v1',
  inviteChannel: 'atoll/invite-channel/v1',
  joinTranscript: 'atoll/join-transcript/v1',
  linkChecksum: 'atoll/link-checksum/v1',
  rendezvousCode: 'atoll/rendezvous-code/v1',
  meshCode: 'atoll/mesh-code/v1',
  epochCommitment: 'atoll/epoch-commitment/v1',
  wrapKey: 'atoll/wrap-key/v1',
  bodyKey: 'atoll/body-key/v1',
  epochWrap: 'atoll/epoch-wrap/v1',
  sealedWrap: 'atoll/sealed-wrap/v1',
  sealedCommitment: 'atoll/sealed-commitment/v1',
  whisperKey: 'atoll/whisper-key/v1',
  whisper: 'atoll/whisper/v1',
  whisperToSome: 'atoll/whisper-to-some/v1',
  headsDigest: 'atoll/heads-digest/v1',
  fileId: 'atoll/file-id/v1',
  fileKey: 'atoll/file-key/v1',
  chunkKey: 'atoll/chunk-key/v1',
  gear: 'atoll/gear/v1',
  safetyNumber: 'atoll/safety-number/v1',
  backupChecksum: 'atoll/backup-checksum/v1',
  recoveryClaim: 'atoll/recovery-claim/v1',
  joinNumber: 'atoll/join-number/v1',
} as const

export type Domain = (typeof domains)[keyof typeof domains]
