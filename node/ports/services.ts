/**
 * What operations may ask of a running peer: one narrow interface per noun. A declaration in node/ops names
 * the ones it needs and its handler gets exactly those, already bound to the caller's mesh and session.
 * node/peer implements them; tests of surfaces implement them in memory.
 *
 * Times are milliseconds since 1970 UTC and are for display only. Ids are lower-case text.
 * Every method may throw AtollError; long ones take a signal.
 */

import type { Grantable } from '../../crdt/docs/grants.ts'
import type { Choice, ContentPermission, ProfileField } from '../../crdt/members/policy.ts'
import type { MetricFamily } from '../../crdt/wire/metrics-text.ts'
import type { OperationMeter } from './meter.ts'

/** Who calls, and in which mesh. Filled in by the surface (CLI, MCP, typed client). */
export interface Caller {
  /** What `--mesh`, ATOLL_MESH or a `.atoll` file said, if anything: a mesh's name or id. */
  readonly mesh?: string | undefined
  /** The attached session on whose behalf the call is made. */
  readonly session?: string | undefined
  readonly signal: AbortSignal
}

export type Role = 'owner' | 'admin' | 'member' | 'guest' | 'service' | 'mirror'
export type Path = 'direct:tcp' | 'direct:ws' | 'direct:webrtc' | 'relayed' | 'none'
export type Status = 'idle' | 'working' | 'dnd'
export type Priority = 'now' | 'next' | 'low'

// ---- the node ---------------------------------------------------------------------------------------

export interface NodeStatus {
  readonly version: string
  readonly pid: number
  readonly device: string
  readonly home: string
  readonly socket: string
  readonly addresses: readonly string[]
  readonly started_at: number
  readonly network: 'on' | 'off'
  readonly storage: 'ok' | 'read-only' | 'full' | 'failed'
  readonly sessions: number
  /** Where a scraper finds this node's numbers; null: nowhere. */
  readonly metrics: string | null
  /** The name of the token that it runs by; null: it is a person's. */
  readonly token: string | null
  readonly meshes: readonly { readonly name: string; readonly mesh: string; readonly peers_online: number; readonly entries: number; readonly synced: boolean }[]
  /** Who did what only the faulty or hostile do; whoever is banned comes first. At most 50. */
  readonly offenders: readonly OffenderState[]
  readonly budgets: readonly BudgetState[]
  readonly warnings: readonly string[]
}

export interface OffenderState {
  readonly device: string
  /** Null: of no mesh of ours. */
  readonly name: string | null
  readonly offence: string
  readonly why: string
  readonly score: number
  readonly bans: number
  /** Until then it is not talked to; null: it is. */
  readonly banned_until: number | null
}

export interface NotTalkedTo {
  readonly until: number
  readonly why: string
}

/** How full something is that others fill. */
export interface BudgetState {
  readonly name: string
  readonly used: number
  readonly of: number
}

/** One thing that a check of the network found. */
export interface Finding {
  readonly tone: 'good' | 'warn' | 'bad'
  readonly text: string
  readonly advice: string | null
}

export interface NetworkReport {
  readonly families: readonly { readonly family: 4 | 6; readonly addresses: readonly string[]; readonly nat: NatKind; readonly seen: string | null }[]
  readonly relays: readonly RelayState[]
  readonly listens: readonly string[]
  readonly findings: readonly Finding[]
}

export interface NodeService {
  status(): Promise<NodeStatus>
  /** What a scraper may know, each call anew. */
  metrics(): Promise<readonly MetricFamily[]>
  /** How this machine stands on the network, by itself. Takes up to 3 s. */
  netcheck(signal: AbortSignal): Promise<NetworkReport>
  /** Stops the node after the answer has been sent. */
  stop(): Promise<void>
}

export interface Setting {
  readonly key: string
  readonly value: string | number | boolean
  readonly source: 'default' | 'file' | 'environment' | 'flag'
  readonly doc: string
}

export interface ConfigService {
  list(): Promise<readonly Setting[]>
  get(key: string): Promise<Setting>
  set(key: string, value: string): Promise<Setting>
  unset(key: string): Promise<Setting>
}

// ---- meshes, invites, members --------------------------------------------------------------------------

export interface MeshSummary {
  readonly mesh: string
  readonly name: string
  readonly role: Role | 'removed' | 'left'
  readonly member: string
  readonly member_name: string
  readonly members: number
  readonly online: number
  readonly default: boolean
}

export interface MeshInfo extends MeshSummary {
  readonly created_at: number
  readonly relays: readonly string[]
  readonly entries: number
  readonly logs: number
  readonly bytes: number
  readonly epoch: string
  readonly synced: boolean
  /** Devices that signed two entries under one (log, seq): rule T7. */
  readonly forks: readonly { readonly device: string; readonly member: string; readonly log: string; readonly seq: number }[]
  /** Invites that let in more members than they were made for, which those who cannot see each other may do. */
  readonly overused: readonly { readonly invite: string; readonly uses: number; readonly admitted: readonly string[] }[]
}

export interface Joined {
  /** Other meshes that a link for a device led into. */
  readonly others?: readonly string[]
  readonly mesh: string
  readonly name: string
  readonly member: string
  readonly member_name: string
  readonly role: Role
  /** Set when nobody outside this network can reach the mesh. */
  readonly note?: string
}

/** Which messages reach a session unasked: all, those that name it or its member, or none. The inbox has all. */
export type MessageMode = 'everyone' | 'mentions' | 'none'

/** What the sessions of a device begin with in a mesh. */
export interface SessionDefaults {
  readonly groups: readonly string[]
  readonly messages: MessageMode
}

export interface Invite {
  readonly id: string
  readonly link: string
  readonly role: Role
  readonly uses: number
  /** Whether an admin has to let in whoever comes by it. */
  readonly approve: boolean
  readonly expires_at: number
  readonly groups: readonly string[]
  readonly messages: MessageMode | null
  readonly mesh_name: string
  readonly by: string
  /** The link as a QR code in half-block characters, one string per line. */
  readonly qr: readonly string[]
}

export interface MeshesService {
  create(input: { name: string; relays: readonly string[]; as?: string | undefined; history?: 'all' | 'none' | undefined }): Promise<Joined>
  join(input: { link: string; name?: string | undefined; wait: boolean }, progress: (text: string) => void, signal: AbortSignal): Promise<Joined>
  list(): Promise<readonly MeshSummary[]>
  /** Makes a mesh the one that commands mean when none is named. */
  setDefault(mesh: string): Promise<void>
}

/** What a backup of one mesh says beside the root key; nothing of it is secret. */
export interface RecoveryFacts {
  readonly mesh: string
  readonly name: string
  readonly member: string
  readonly member_name: string
  readonly role: Role
  readonly relays: readonly string[]
  readonly peers: readonly { readonly device: string; readonly addresses: readonly string[] }[]
  /** The newest membership entries known. */
  readonly frontier: readonly string[]
}

export interface Restored extends Joined {
  /** Devices of the member beside this one. */
  readonly other_devices: readonly string[]
}

export interface RecoveryService {
  /** Of every mesh in which this device is a member. */
  facts(): Promise<readonly RecoveryFacts[]>
  /** Comes back to a mesh as a new device of the member whose root key this is. */
  restore(input: { mesh: string; root: string; relays: readonly string[]; peers: RecoveryFacts['peers']; frontier: readonly string[]; wait: boolean }, progress: (text: string) => void, signal: AbortSignal): Promise<Restored>
}

export interface MeshService {
  info(): Promise<MeshInfo>
  stats(): Promise<{ entries: number; logs: number; bytes: number; keys: number; notes: number; messages: number; members: number; online: number; sent_bytes: number; received_bytes: number }>
  leave(): Promise<{ mesh: string; name: string }>
  invite(input: { uses: number; expires_in_ms: number; role: Role; approve?: boolean | undefined; groups?: readonly string[] | undefined; messages?: MessageMode | undefined; history?: 'all' | 'since' | 'none' | undefined }): Promise<Invite>
  /** Closes an invite: nobody can join by it any more. */
  revokeInvite(id: string): Promise<void>
  listInvites(): Promise<readonly { id: string; role: Role; uses: number; used: number; approve: boolean; groups: readonly string[]; messages: MessageMode | null; expires_at: number; closed: string | null; by: string }[]>
}

/** Somebody who came by an invite that asks for approval, as this node knows it. */
export interface JoinRequest {
  /** The device that asks. */
  readonly request: string
  /** The thirty digits that the joiner sees as well. */
  readonly number: string
  /** What the joiner wants to be called: a stranger's word. */
  readonly name: string
  readonly role: Role
  readonly invite: string
  readonly invited_by: string
  readonly asked_at: number
  /** Whether the joiner is waiting at this moment. */
  readonly here: boolean
}

/** Requests to be let in. One is said by its number, or by the beginning of its id. */
export interface RequestsService {
  list(): Promise<readonly JoinRequest[]>
  approve(request: string, preview?: boolean): Promise<JoinRequest & { readonly done: boolean }>
  refuse(request: string): Promise<JoinRequest>
}

/** When keys are changed though nobody was removed: whichever comes first. */
export interface RotationSchedule {
  readonly days: number
  readonly megabytes: number
  readonly entries: number
}

/** The schedule, and the key that is written under now. */
export interface KeyUse extends RotationSchedule {
  /** Empty while there is none to write under. */
  readonly epoch: string
  /** Since when this device knows it. */
  readonly since: number
  /** What was sealed under it, as far as this device counted. */
  readonly sealed_bytes: number
  readonly sealed_entries: number
}

export interface KeysService {
  /** Starts a new epoch now. */
  rotate(): Promise<{ epoch: string; devices: number }>
  /** Tells the schedule; stewards change what they name. */
  schedule(change: { readonly [Bound in keyof RotationSchedule]?: number | undefined }): Promise<KeyUse>
}

export interface RelayState {
  readonly address: string
  readonly connected: boolean
  readonly reserved: boolean
  readonly rtt_ms: number | null
  readonly error: string | null
}

export interface RelaysService {
  add(address: string): Promise<readonly RelayState[]>
  remove(address: string): Promise<readonly RelayState[]>
  list(): Promise<readonly RelayState[]>
}

/** What the person at this device has made sure of: `changed`, where a verified member has other devices or keys since. */
export type Verification = 'you' | 'verified' | 'changed' | 'none'

export interface Member {
  readonly member: string
  readonly name: string
  readonly role: Role
  readonly status: 'active' | 'left' | 'removed'
  readonly you: boolean
  readonly devices: readonly { readonly device: string; readonly online: boolean }[]
  readonly admitted_by: string | null
  readonly verification: Verification
  readonly exceptions: readonly Exception[]
  /** Somebody whose word counts has said that this is who was invited, or the person here has verified them. */
  readonly confirmed: boolean
  readonly joined_at: number
}

/** What a policy gives one member beside its role, or takes from it. */
export interface Exception {
  readonly permission: ContentPermission
  readonly choice: 'allow' | 'deny'
}

/** The safety number of this device's member and another, and what is known of it. */
export interface Verified {
  readonly member: string
  readonly name: string
  readonly number: string
  readonly qr: readonly string[]
  readonly matches: boolean | null
  readonly verification: Verification
  readonly verified_at: number | null
  readonly devices: number
  readonly new_devices: readonly string[]
}

/** What a removal does, or would do. */
export interface Removal {
  readonly member: string
  readonly name: string
  readonly devices: number
  readonly done: boolean
  readonly rotated: boolean
  /** Members who came in through the removed one's grant or invites, directly or through others. */
  readonly admitted: readonly { readonly name: string; readonly role: Role }[]
  readonly invites: number
}

export interface OwnDevice {
  readonly device: string
  /** What its person calls it. */
  readonly name: string | null
  readonly this: boolean
  readonly online: boolean
  readonly linked_by: string | null
  readonly since: number
  readonly removable: boolean
}

/** A device that asks to be linked, and what it says that it is called. */
export interface AskingDevice {
  readonly device: string
  readonly name: string
}

/** One's own devices in one mesh. A device is said by its name, its id, or the beginning of that. */
export interface DevicesService {
  list(): Promise<readonly OwnDevice[]>
  /** Makes a link for another device of one's own; good for this mesh, or all in which this device is. One is open at a time. */
  link(input: { all: boolean; lasts_ms: number }): Promise<{ link: string; qr: readonly string[]; expires_at: number; meshes: readonly string[] }>
  /** Who asks by the open link, once somebody does. */
  asking(signal: AbortSignal): Promise<AskingDevice>
  /** Links the device that asks, where it shows this code. */
  confirm(code: string): Promise<{ device: string; meshes: readonly string[] }>
  /** Closes the open link, and refuses whoever asks by it. */
  refuse(): Promise<void>
  rename(device: string, name: string): Promise<{ device: string; name: string }>
  remove(device: string): Promise<{ device: string; by_root_key: boolean; rotated: boolean }>
}

/** A token as the mesh knows it; the word itself is shown once, when it is made. */
export interface KnownToken {
  readonly member: string
  readonly name: string
  readonly role: Role
  readonly scopes: readonly string[]
  readonly by: string
  readonly expires_at: number
  readonly status: 'open' | 'expired' | 'revoked'
  /** When a run of it last came in. */
  readonly last_used: number | null
  /** Devices that run by it, as far as they have not left. */
  readonly devices: number
}

export interface TokensService {
  /** `enforced`: what its role might write and every peer denies it. */
  create(input: { name: string; role: Role; expires_in_ms: number; scopes: readonly string[] }): Promise<{ token: string; member: string; name: string; role: Role; scopes: readonly string[]; expires_at: number; enforced: readonly string[] }>
  list(): Promise<readonly KnownToken[]>
  revoke(name: string): Promise<{ member: string; name: string; devices: number; rotated: boolean }>
}

export interface MembersService {
  list(): Promise<readonly Member[]>
  remove(name: string, preview?: boolean): Promise<Removal>
  setRole(name: string, role: Role): Promise<{ member: string; name: string; before: Role; role: Role; rotated: boolean; exceptions: readonly Exception[] }>
  /** Tells the mesh that a member is who was invited, or takes that back. */
  confirm(name: string, withdraw: boolean): Promise<{ member: string; name: string; before: boolean; confirmed: boolean }>
  /** Marks nothing where the number that was given does not match. */
  verify(input: { name: string; number?: string | undefined; confirm: boolean; withdraw: boolean }): Promise<Verified>
  rename(name: string, to: string): Promise<{ member: string; before: string; name: string }>
  /** Makes an exception of what a member's role lets it write, or ends it with `default`. Writes nothing where it is so already. */
  except(name: string, permission: ContentPermission, choice: Choice): Promise<{ member: string; name: string; permission: ContentPermission; before: Choice; choice: Choice; may: boolean }>
  /** The members that a name means, or all who are there. */
  find(name: string | undefined): Promise<readonly Member[]>
}

/** What a member says of itself, or stewards say of it. */
export interface Profile {
  readonly member: string
  readonly name: string
  readonly you: boolean
  readonly title: string | null
  readonly bio: string | null
  readonly avatar: string | null
  readonly capabilities: readonly string[]
  /** The fields that the caller may edit. */
  readonly editable: readonly ProfileField[]
}

export interface ProfilesService {
  /** @param name whose; one's own where it is left out */
  show(name: string | undefined): Promise<Profile>
  /** An empty value clears the field. */
  set(input: { field: ProfileField; value: string; name?: string | undefined }): Promise<Profile>
  /** Who edits each field beside owners and admins. */
  policy(): Promise<readonly { readonly field: ProfileField; readonly editors: 'self' | 'stewards' }[]>
  setPolicy(field: ProfileField, editors: 'self' | 'stewards'): Promise<{ field: ProfileField; before: 'self' | 'stewards'; editors: 'self' | 'stewards' }>
}

/** Whether somebody may, and where that was decided: about them by name, about everyone, or nowhere. Null: as their role is. */
export interface Grant {
  readonly allowed: boolean | null
  readonly by: 'name' | 'everyone' | 'default'
}

/** What one member, or everyone whom nothing else names, may do with the caller's member. */
export interface GrantLine {
  /** Null: everyone. */
  readonly member: string | null
  readonly name: string
  readonly role: Role | null
  readonly blocked: boolean
  readonly grants: Readonly<Record<Grantable, Grant>>
}

/** The caller's member's own grants: private, and the same on all its devices. Names may be `everyone`. */
export interface GrantsService {
  list(): Promise<readonly GrantLine[]>
  set(what: Grantable, name: string, allow: boolean): Promise<GrantLine>
  /** Takes back what was decided about somebody; a block too. */
  reset(name: string): Promise<GrantLine>
  block(name: string, blocked: boolean): Promise<GrantLine>
}

// ---- sessions and peers ------------------------------------------------------------------------------

export interface SessionInfo {
  readonly session: string
  readonly name: string
  readonly role: string | null
  readonly groups: readonly string[]
  readonly status: Status
  readonly summary: string | null
  readonly machine: string | null
  readonly directory: string | null
  readonly agent: string | null
  readonly since: number
}

export interface Peer {
  readonly device: string
  readonly member: string
  readonly name: string
  readonly role: Role
  readonly verification: Verification
  readonly confirmed: boolean
  readonly you: boolean
  readonly online: boolean
  readonly path: Path
  readonly rtt_ms: number | null
  /** Over all connections since the network was switched on. */
  readonly sent_bytes: number
  readonly received_bytes: number
  /** True only when that peer and this one have announced the same heads (rule C4). */
  readonly synced: boolean
  readonly last_seen: number | null
  /** Null: it is talked to. */
  readonly not_talked_to: NotTalkedTo | null
  readonly sessions: readonly SessionInfo[]
}

/** What stands between a machine and the world, as STUN at two ports tells it (RFC 4787): `ordinary` gives one socket one mapping, `symmetric` several. */
export type NatKind = 'none' | 'ordinary' | 'symmetric' | 'udp-blocked' | 'unknown'

export interface PathAttempt {
  readonly kind: Path
  readonly address: string | null
  readonly outcome: 'in use' | 'failed' | 'not tried' | 'available'
  readonly why: string
}

export interface PathExplanation {
  readonly peer: string
  readonly device: string
  readonly path: Path
  readonly summary: string
  readonly attempts: readonly PathAttempt[]
  readonly advice: readonly string[]
}

export interface PeersService {
  list(): Promise<readonly Peer[]>
  explain(peer: string): Promise<PathExplanation>
  /** Round trips to every reachable peer. */
  ping(): Promise<readonly { name: string; device: string; path: Path; rtt_ms: number | null }[]>
}

export interface SessionsService {
  setSummary(summary: string): Promise<void>
  setStatus(status: Status): Promise<void>
  /** What sessions begin with, after the change. */
  defaults(change: { groups?: readonly string[] | undefined; messages?: MessageMode | undefined }): Promise<SessionDefaults>
}

// ---- state, memory, messages ----------------------------------------------------------------------------

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export interface StateValue {
  readonly key: string
  readonly value: Json
  readonly by: string
  readonly at: number
  /** Other values written at the same time without knowledge of this one (rule C2); usually empty. */
  readonly concurrent: readonly { readonly value: Json; readonly by: string; readonly at: number }[]
}

export interface StateVersion {
  readonly value: Json
  readonly deleted: boolean
  readonly by: string
  readonly at: number
  readonly current: boolean
}

export interface StateChange {
  readonly key: string
  readonly old: Json
  readonly value: Json
  readonly deleted: boolean
  readonly by: string
  readonly at: number
}

export interface StateService {
  set(key: string, value: Json): Promise<{ key: string; at: number }>
  get(key: string): Promise<StateValue>
  list(input: { prefix?: string | undefined; limit: number; after?: string | undefined }): Promise<{ values: readonly StateValue[]; next: string | null }>
  delete(key: string): Promise<{ key: string; at: number }>
  history(input: { key: string; limit: number }): Promise<readonly StateVersion[]>
  /** Calls back for every change whose key starts with the prefix, until the signal fires. Resolves once it watches. */
  watch(prefix: string, on: (change: StateChange) => void, signal: AbortSignal): Promise<void>
}

export interface Note {
  readonly id: string
  readonly text: string
  readonly tags: readonly string[]
  readonly by: string
  readonly at: number
  /** Higher is better; comparable within one answer only. */
  readonly score: number
}

export interface MemoryService {
  remember(input: { text: string; tags: readonly string[] }): Promise<{ id: string; at: number }>
  recall(input: { query: string; limit: number; tags: readonly string[] }): Promise<readonly Note[]>
  forget(id: string): Promise<{ id: string }>
}

export interface DocumentSummary {
  readonly id: string
  readonly title: string
  readonly by: string
  readonly at: number
}

/** Live documents. A document is said by its id, the beginning of that, or its title; a part is one of its named texts. */
export interface DocumentsService {
  create(input: { title: string; text?: string | undefined; part: string }): Promise<DocumentSummary>
  list(): Promise<readonly DocumentSummary[]>
  show(document: string, part: string): Promise<DocumentSummary & { text: string; parts: readonly string[] }>
  /** Adds a line at the end. */
  append(input: { document: string; text: string; part: string }): Promise<{ id: string; title: string; length: number }>
  /** How an editor on this machine joins it. Throws no_editors_here where there is no such way. */
  connect(document: string): Promise<{ id: string; title: string; url: string; room: string; protocols: readonly string[] }>
  /** `yjs`: all of it as an update of version 1, in base64. */
  export(document: string, format: 'text' | 'yjs', part: string): Promise<{ id: string; title: string; format: 'text' | 'yjs'; content: string }>
}

export interface FileSummary {
  readonly id: string
  readonly name: string
  readonly bytes: number
  readonly tags: readonly string[]
  readonly by: string
  readonly at: number
  /** `mesh`, or the names of the people it was shared with, as far as this device knows them. */
  readonly to: readonly string[]
  readonly expires_at: number | null
}

export interface FilePeer {
  readonly name: string
  readonly device: string
  readonly online: boolean
  /** How many of the file's chunks it says it holds; null when it was not asked or did not answer. */
  readonly chunks: number | null
  /** It sent something else than it was asked for. */
  readonly lied: boolean
}

export interface FileStatus extends FileSummary {
  /** Bytes of the file that are here. */
  readonly here_bytes: number
  /** Its chunks and the nodes of its tree, as far as they are known here. */
  readonly chunks: number
  readonly here_chunks: number
  /** Not collected while it is neither deleted nor expired. */
  readonly kept: boolean
  readonly fetching: { readonly done_bytes: number; readonly sources: number } | null
  readonly peers: readonly FilePeer[]
}

/** How far a call has come, in bytes where there is something to count. */
export type TellProgress = (text: string, done?: number, total?: number, unit?: 'bytes') => void

/** Shared files. A file is said by its id, the beginning of it, or a name that only one has. Paths are absolute. */
export interface FilesService {
  share(input: { path: string; name?: string | undefined; tags: readonly string[]; to: readonly string[]; expires_in_ms?: number | undefined }, progress: TellProgress, signal: AbortSignal): Promise<FileSummary>
  /** Fetches what is missing from peers, for as long as it takes or until nothing has come for `patience_ms`, and saves it. */
  get(input: { id: string; save_to: string; overwrite: boolean; patience_ms?: number | undefined }, progress: TellProgress, signal: AbortSignal): Promise<FileSummary & { path: string; fetched_bytes: number }>
  list(input: { query?: string | undefined; from?: string | undefined }): Promise<readonly FileSummary[]>
  status(id: string, signal: AbortSignal): Promise<FileStatus>
  delete(id: string): Promise<{ id: string; name: string }>
  grant(input: { id: string; to: readonly string[] }): Promise<FileSummary>
}

export interface Message {
  readonly id: string
  readonly from: string
  readonly from_member: string
  /** Whether the sender is confirmed to be who was invited. */
  readonly from_confirmed: boolean
  readonly to: string
  readonly text: string
  readonly priority: Priority
  readonly reply_to: string | null
  /** Whether it is shown to the reader unasked: not where it has priority low, nor where the person here wants none such. */
  readonly unasked: boolean
  readonly at: number
  /** The name of the mesh it came through. */
  readonly mesh_name: string
}

export type ReceiptState = 'pending' | 'stored' | 'reached' | 'shown' | 'read'

/** Where the caller names no mesh, inbox, status and watch cover every mesh of this node. */
export interface MessagesService {
  send(input: { to: readonly string[]; text: string; priority: Priority; reply_to?: string | undefined; idempotency_key?: string | undefined }): Promise<{ id: string; at: number; recipients: readonly string[] }>
  /** Drains the caller's inbox, or takes only some messages out of it; with `wait_ms` it waits that long for a first one. */
  inbox(input: { wait_ms: number; limit: number; peek: boolean; ids?: readonly string[] | undefined }, signal: AbortSignal): Promise<readonly Message[]>
  status(id: string): Promise<{ id: string; recipients: readonly { name: string; device: string; state: ReceiptState; why: string | null }[] }>
  /** Calls back for every message to the caller's session as it arrives, until the signal fires. Resolves once it watches. */
  watch(on: (message: Message) => void, signal: AbortSignal): Promise<void>
}

export interface AuditReport {
  readonly ok: boolean
  readonly entries: number
  readonly logs: number
  readonly signatures: number
  readonly membership: number
  /** The first by its author's clock first: of what follows a bad entry much is only its consequence. */
  readonly problems: readonly { readonly entry: string; readonly log: string; readonly seq: number; readonly device: string; readonly by: string; readonly at: number; readonly problem: string }[]
}

/** What an entry may have done: operations on the membership, then changes of what is shared. */
export const auditKinds = {
  membership: ['founded', 'admitted', 'role_given', 'device_linked', 'removed', 'device_removed', 'left', 'invited', 'invite_revoked', 'invite_ended', 'keys_changed', 'keys_shared', 'sealing_key_changed', 'exception_made', 'profile_policy_set'],
  content: ['state_set', 'state_deleted', 'note_set', 'note_forgotten', 'document_named', 'document_edited', 'member_named', 'device_named', 'token_noted', 'profile_edited', 'member_confirmed', 'member_unconfirmed', 'invite_described', 'mesh_named', 'relays_set', 'rotation_set', 'file_shared', 'file_opened', 'file_deleted', 'message_sent', 'receipt', 'key_refused', 'checkpoint', 'grant_decided', 'sealed'],
  /** Of a later version, or nothing that any understands: it may be either. */
  either: ['unknown'],
} as const
export type AuditKind = (typeof auditKinds)[keyof typeof auditKinds][number]

/** Changes of one kind in one entry, in words. What is sealed for others is only counted. */
export interface AuditChange {
  readonly kind: AuditKind
  readonly text: string
  readonly count: number
}

export interface AuditEntry {
  readonly entry: string
  readonly log: string
  readonly seq: number
  readonly device: string
  readonly by: string
  /** By its author's clock, as it says. */
  readonly at: number
  readonly changes: readonly AuditChange[]
  /** Why it has no effect; null while it has. */
  readonly void: string | null
}

/** An entry that has no effect for its author was removed. */
export type VoidEntry = Pick<AuditEntry, 'entry' | 'log' | 'seq' | 'device' | 'by' | 'at'>

/** An operation on the membership that stood until a removal became known of which it knew nothing (rule T4). */
export interface Undone extends Pick<AuditEntry, 'entry' | 'by' | 'at'> {
  readonly did: string
  readonly undone_by: readonly { readonly entry: string; readonly by: string; readonly did: string }[]
  /** The command that does it again; null: there is none. */
  readonly repeat: string | null
  /** Whether what it did is so by now. */
  readonly repeated: boolean
}

/** A moment, or how long ago it was. */
export type Moment = { readonly at: number } | { readonly ago_ms: number }

export interface AuditQuery {
  readonly by?: string | undefined
  /** Only entries with a change of one of these kinds. */
  readonly kinds?: ReadonlySet<AuditKind> | undefined
  readonly since?: Moment | undefined
  readonly until?: Moment | undefined
  /** The beginning of the id of a log or of a device. */
  readonly log?: string | undefined
  readonly newest_first: boolean
  /** The id of the entry behind which to go on. */
  readonly after?: string | undefined
  readonly limit: number
}

/** Members that came or went, and what else was done to the membership, as it became known here. */
export interface Notice {
  readonly mesh_name: string
  readonly entries: readonly { readonly entry: string; readonly by: string; readonly text: string; readonly at: number; readonly void: string | null }[]
  /** How many came with them and were left out: older ones. */
  readonly more: number
  /** Numbers of those who asked this node to be let in. */
  readonly requests: readonly { readonly request: string; readonly number: string }[]
}

export interface AuditService {
  /** Calls back when something of that kind becomes known, in the mesh that was named or in any, until the signal fires. Resolves once it watches. */
  watch(on: (notice: Notice) => void, signal: AbortSignal): Promise<void>
  /** How many entries lie outside the pins of a removal (rule T4), and the first of them. */
  void(signal: AbortSignal): Promise<{ readonly total: number; readonly entries: readonly VoidEntry[] }>
  /** What removals undid, the oldest first: for stewards all, for others what they made and what fell by their own removals. */
  undone(): Promise<readonly Undone[]>
  verify(progress: (done: number, total: number) => void, signal: AbortSignal): Promise<AuditReport>
  /** Who did what and when: entries in the order of their time, which every peer that holds the same sees the same. */
  query(query: AuditQuery, progress: (done: number, total: number) => void, signal: AbortSignal): Promise<{ readonly entries: readonly AuditEntry[]; readonly next: string | null }>
}

/** Every port an operation may need. */
export interface Services {
  readonly node: NodeService
  readonly config: ConfigService
  readonly meshes: MeshesService
  readonly recovery: RecoveryService
  readonly mesh: MeshService
  readonly requests: RequestsService
  readonly keys: KeysService
  readonly relays: RelaysService
  readonly members: MembersService
  readonly profiles: ProfilesService
  readonly devices: DevicesService
  readonly grants: GrantsService
  readonly tokens: TokensService
  readonly peers: PeersService
  readonly sessions: SessionsService
  readonly state: StateService
  readonly memory: MemoryService
  readonly documents: DocumentsService
  readonly files: FilesService
  readonly messages: MessagesService
  readonly audit: AuditService
}

/** What a surface tells the node about itself when it attaches. */
export interface SessionHello {
  /** Stable across reconnects of the same window; made by the surface. */
  readonly session: string
  readonly name?: string | undefined
  readonly directory?: string | undefined
  readonly agent?: string | undefined
  readonly kind: 'cli' | 'mcp' | 'client'
}

/** What this device may do in a mesh now: its role, or that it is out and since when. */
export interface Standing {
  readonly role: Role | 'removed' | 'left'
  readonly since: number
  /** Permissions that a policy of the mesh gives or takes beside the role. */
  readonly exceptions: Readonly<Record<string, 'allow' | 'deny'>>
}

/** The running peer as surfaces see it. node/peer provides it; node/rpc carries it over a duplex. */
export interface PeerHost {
  /** The services bound to one caller. Choosing a mesh fails only when a service that needs one is used. */
  services(caller: Caller): Services
  /** The caller's standing in the mesh that its calls would use; throws mesh_none, mesh_unknown or mesh_ambiguous. */
  standing(caller: Caller): Promise<Standing>
  /**
   * Registers a session (shown to peers unless kind is `cli`); disposing detaches it. One session may be
   * attached several times, by a window's MCP server, its hooks and commands run inside it: it stays until
   * the last one detaches, and a `cli` attachment describes nothing.
   */
  attach(hello: SessionHello): Promise<AsyncDisposable & { readonly session: string; readonly name: string }>
  readonly version: string
  /** What a node that runs by a token may be asked for; missing or empty: whatever its role may. */
  readonly scopes?: readonly string[]
  /** Counts the calls that are made of it. */
  readonly meter: OperationMeter
}
