/**
 * The closed table of errors (rule H1). Every refusal that a person, an agent or a program can meet has one
 * row: what it says here (with what to do next), what a peer may be told, and the exit status of a command.
 *
 * `{name}` in a message is filled from the error's details.
 */
interface Row {
  /** For the local user: what is wrong and what to do next. */
  readonly local: string
  /** For a peer: says nothing about this machine. */
  readonly remote: string
  /** Exit status of a command that fails with it: 2 usage, 3 not found, 4 not allowed, 5 try later, 6 conflict, 7 storage, 1 anything else. */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 7
  /** Whether the same call may succeed later without any change. */
  readonly retry: boolean
}

export const errorTable = {
  // What was typed
  bad_input: { local: '{what}', remote: 'The request was not understood.', exit: 2, retry: false },
  unknown_operation: { local: 'There is no operation {name}. `atoll help` lists them.', remote: 'No such operation.', exit: 2, retry: false },
  value_too_large: { local: '{what} is {size} bytes; at most {limit} are allowed. Share a file instead, or split it.', remote: 'The value is too large.', exit: 2, retry: false },
  name_invalid: { local: 'The name {name} cannot be used: {why}.', remote: 'The name cannot be used.', exit: 2, retry: false },
  confirm_needed: { local: '{what} Repeat the command with --yes to do it.', remote: 'Confirmation is needed.', exit: 2, retry: false },

  // What was not found
  mesh_unknown: { local: 'No mesh called {name} here. `atoll list` shows those you are in.', remote: 'Unknown mesh.', exit: 3, retry: false },
  mesh_none: { local: 'You are in no mesh yet. `atoll create NAME` makes one, `atoll join LINK` joins one.', remote: 'Unknown mesh.', exit: 3, retry: false },
  mesh_ambiguous: { local: 'You are in several meshes: {choices}. Say which with --mesh NAME.', remote: 'Unknown mesh.', exit: 2, retry: false },
  member_unknown: { local: 'Nobody called {name} in this mesh. `atoll member list` shows who is.', remote: 'Unknown member.', exit: 3, retry: false },
  member_ambiguous: { local: '{name} could be any of: {choices}. Use one of these longer names.', remote: 'Unknown member.', exit: 2, retry: false },
  peer_unknown: { local: 'No peer called {name}. `atoll peers` shows who is known.', remote: 'Unknown peer.', exit: 3, retry: false },
  recipient_unknown: { local: 'No session or member called {name}. `atoll peers` shows who can be written to; `*` means all.', remote: 'Unknown recipient.', exit: 3, retry: false },
  key_unknown: { local: 'No value is stored under {key}. `atoll state list` shows what is.', remote: 'Unknown key.', exit: 3, retry: false },
  note_unknown: { local: 'No note with id {id}. `atoll recall WORDS` finds notes and shows their ids.', remote: 'Unknown note.', exit: 3, retry: false },
  no_editors_here: { local: 'Editors cannot join documents on this node: it does not listen for them.', remote: 'No editors here.', exit: 5, retry: false },
  document_unknown: { local: 'No document is called {name}, or several are: {choices}. `atoll doc list` shows them with their ids.', remote: 'Unknown document.', exit: 3, retry: false },
  entry_unknown: { local: 'No entry {id} is here. `atoll audit query` shows entries with their ids; one goes on behind an entry by its whole id.', remote: 'Unknown entry.', exit: 3, retry: false },
  message_unknown: { local: 'No message with id {id} was sent or received here.', remote: 'Unknown message.', exit: 3, retry: false },
  invite_unknown: { local: 'This mesh knows no such invite. Ask for a new link.', remote: 'Unknown invite.', exit: 3, retry: false },
  config_unknown: { local: 'There is no setting {key}. Settings: {choices}.', remote: 'Unknown setting.', exit: 2, retry: false },
  relay_unknown: { local: 'This mesh uses no relay {address}. `atoll relay list` shows those it uses.', remote: 'Unknown relay.', exit: 3, retry: false },

  file_unknown: { local: 'No file with id {id} is shared here. `atoll files` shows those there are.', remote: 'Unknown file.', exit: 3, retry: false },
  file_unreadable: { local: 'The file {path} cannot be read: {why}.', remote: 'File problem.', exit: 3, retry: false },
  no_files_here: { local: 'This node has no files of its own to share or to save to.', remote: 'No files here.', exit: 5, retry: false },

  // What is not allowed
  not_permitted: { local: 'Your role here is {role}; {what} needs {needs}.', remote: 'Not permitted.', exit: 4, retry: false },
  denied: { local: 'An owner or admin of this mesh has denied you {permission}. Ask one of them to allow it again: `atoll member default NAME {permission}`.', remote: 'Not permitted.', exit: 4, retry: false },
  exception_refused: { local: 'You cannot make an exception for {name}: {why}.', remote: 'Not permitted.', exit: 4, retry: false },
  not_removable: { local: '{name} cannot be removed by you: {why}.', remote: 'Not permitted.', exit: 4, retry: false },
  device_unknown: { local: 'None of your devices in this mesh begins with {device}. `atoll device list` shows them.', remote: 'Unknown device.', exit: 3, retry: false },
  device_name_taken: { local: 'Several of your devices are called {name}. Say which by the beginning of its id; `atoll device list` shows them.', remote: 'Unknown device.', exit: 2, retry: false },
  device_link_closed: { local: 'This link for a device is not open: it was used, refused, has expired, or its node was restarted. `atoll device link` on the device that is in the mesh makes a new one.', remote: 'The link is closed.', exit: 4, retry: false },
  device_link_unasked: { local: 'No device has asked to be linked yet. Type the link there first: `atoll join LINK`; `atoll device wait` says when it has.', remote: 'Nobody asked.', exit: 5, retry: true },
  device_link_broken: { local: 'The new device broke off: {why}. Nothing was linked; look at what it says, and make a new link.', remote: 'The link is closed.', exit: 5, retry: false },
  device_away: { local: 'The device that made this link cannot be reached, or the link is not open any more. See that its node is up, and on the same network or at the same relay; `atoll device link` there makes a new one.', remote: 'Unreachable.', exit: 5, retry: true },
  device_not_linkable: { local: 'This device cannot be linked: {why}. Use a fresh profile (ATOLL_HOME).', remote: 'Not accepted.', exit: 4, retry: false },
  code_wrong: { local: 'The device that asks does not show that code. Read it again; if it is another, somebody else has your link: `atoll device refuse`.', remote: 'Not accepted.', exit: 4, retry: false },
  device_not_removable: { local: 'The device {device} cannot be removed from here: {why}.', remote: 'Not permitted.', exit: 4, retry: false },
  role_refused: { local: '{name} cannot become {role} by you: {why}.', remote: 'Not permitted.', exit: 4, retry: false },
  grants_full: { local: 'You have decided {count} things already, and at most {limit} are kept. `atoll grants reset NAME` takes back what you decided about somebody.', remote: 'Too much.', exit: 6, retry: false },
  removed: { local: 'You were removed from this mesh on {at}. What you already hold stays readable; ask an admin for a new invite.', remote: 'Not a member.', exit: 4, retry: false },
  already_joined: { local: 'You are already in this mesh as {name}.', remote: 'Already a member.', exit: 6, retry: false },

  not_your_file: { local: '{name} was shared by {by}: only they, or for deleting an admin or owner, can do that.', remote: 'Not permitted.', exit: 4, retry: false },
  file_for_all: { local: '{name} is shared with the whole mesh already.', remote: 'Nothing to do.', exit: 6, retry: false },

  // Links
  link_malformed: { local: 'This is not an Atoll invite link, or a part of it is missing: {why}. Copy it again, whole.', remote: 'Malformed link.', exit: 2, retry: false },
  link_version: { local: 'This link was made by another version of Atoll ({version}). Upgrade both sides, or ask for a new link.', remote: 'Unsupported link version.', exit: 2, retry: false },
  invite_expired: { local: 'This invite expired on {at}. Ask for a new link.', remote: 'The invite has expired.', exit: 4, retry: false },
  invite_revoked: { local: 'This invite was revoked. Ask for a new link.', remote: 'The invite was revoked.', exit: 4, retry: false },
  invite_used_up: { local: 'This invite has been used as often as it allows. Ask for a new link.', remote: 'The invite is used up.', exit: 4, retry: false },
  invite_forged: { local: 'The mesh did not accept this link: {why}. Ask for a new one.', remote: 'The invite is not valid.', exit: 4, retry: false },
  needs_admin: { local: 'An admin or owner of the mesh has to let you in by this link, and none of them is online. Ask one to run `atoll up`, or wait with --wait.', remote: 'An admin has to decide.', exit: 5, retry: true },
  join_refused: { local: 'An admin of the mesh did not let you in. Ask whoever gave you the link.', remote: 'Not accepted.', exit: 4, retry: false },
  request_unknown: { local: 'Nobody with the number or id {request} waits here to be let in. `atoll invite requests` shows who does; who asked another admin is let in there.', remote: 'Unknown request.', exit: 3, retry: false },
  root_missing: { local: 'This device was in the mesh before, and the root key it had then is not in `recovery` of this profile. Put that file back, or join with a fresh profile.', remote: 'Not accepted.', exit: 4, retry: false },
  history_stale: { local: 'The peer that answered does not know what this link was made from, so it was not trusted. Try again when another member is online.', remote: 'Stale history.', exit: 5, retry: true },
  nobody_online: { local: 'Nobody in the mesh could be reached to let you in. Ask one of them to run `atoll up`, or wait with --wait.', remote: 'Nobody is online.', exit: 5, retry: true },
  relay_unreachable: { local: 'No relay answered at {address}: {why}. Check the address and that `atoll relay` runs there.', remote: 'Relay unreachable.', exit: 5, retry: true },
  relay_wrong: { local: 'What answered at {address} is not the relay that was named: {why}.', remote: 'Not the expected relay.', exit: 4, retry: false },

  // Tokens
  token_malformed: { local: 'ATOLL_TOKEN does not hold a token, or a part of it is missing: {why}. Set it again, whole.', remote: 'Malformed token.', exit: 2, retry: false },
  token_expired: { local: 'This token expired on {at}. Make another with `atoll token create`.', remote: 'Not accepted.', exit: 4, retry: false },
  token_revoked: { local: 'This token was revoked, as the member that answered knows it. Make another with `atoll token create`.', remote: 'Not accepted.', exit: 4, retry: false },
  token_profile: { local: 'A token needs a profile of its own, and this one is in use ({choices}). Name an empty directory with ATOLL_HOME, or unset ATOLL_TOKEN.', remote: 'Not empty.', exit: 6, retry: false },
  token_unknown: { local: 'No open token is called {name}. `atoll token list` shows them.', remote: 'Unknown token.', exit: 3, retry: false },
  token_scope: { local: 'This node runs by a token that is for {scopes}; {what} needs {needs}.', remote: 'Not permitted.', exit: 4, retry: false },

  // Backup and recovery
  backup_foreign: { local: '{path} is not a backup of Atoll. Name the file that `atoll backup` wrote.', remote: 'Not a backup.', exit: 2, retry: false },
  backup_damaged: { local: 'The backup {path} is damaged ({why}): nothing was restored. Take another copy of it, or the paper words.', remote: 'Backup problem.', exit: 7, retry: false },
  backup_newer: { local: 'The backup {path} was made by a newer Atoll (format {version}, this one knows {known}). Upgrade Atoll and try again.', remote: 'Backup problem.', exit: 7, retry: false },
  backup_passphrase: { local: 'This is not the passphrase of {path}; the file itself is whole. Try again: without the passphrase nobody can open it.', remote: 'Backup problem.', exit: 4, retry: false },
  backup_empty: { local: 'There is nothing to back up: {why}.', remote: 'Backup problem.', exit: 3, retry: false },
  words_wrong: { local: 'These are not the paper words of a mesh: {why}. Compare them with the paper.', remote: 'Wrong words.', exit: 2, retry: false },
  root_gone: { local: 'The root key of the mesh {name} is not in `recovery` of this profile, so it cannot be backed up. Put that file back, or back up another mesh with --mesh.', remote: 'Storage problem.', exit: 7, retry: false },
  root_damaged: { local: '{path} does not hold a root key. Put it back from a copy, or restore a backup to another profile.', remote: 'Storage problem.', exit: 7, retry: false },
  profile_used: { local: 'This profile is in meshes already ({choices}), and a backup is restored to an empty one. Name another with ATOLL_HOME.', remote: 'Not empty.', exit: 6, retry: false },
  recovery_refused: { local: 'You are not a member of this mesh any more, as the member that answered knows it. Ask an admin for a new invite.', remote: 'Not accepted.', exit: 4, retry: false },

  // The node
  peer_unreachable: { local: '{name} cannot be reached now: {why}. `atoll explain path {name}` shows what was tried.', remote: 'Peer unreachable.', exit: 5, retry: true },
  node_unreachable: { local: 'The node did not answer: {why}. `atoll status` tells more, `atoll up` starts it in the foreground.', remote: 'The node did not answer.', exit: 5, retry: true },
  node_running: { local: 'Another node already runs on this profile (process {pid}). `atoll down` stops it.', remote: 'Busy.', exit: 6, retry: false },
  node_version: { local: 'The running node is version {theirs}, this command is {ours}. `atoll down` and try again.', remote: 'Version mismatch.', exit: 6, retry: false },
  timed_out: { local: 'No answer within {seconds} s: {what}.', remote: 'Timed out.', exit: 5, retry: true },
  cancelled: { local: 'Cancelled.', remote: 'Cancelled.', exit: 1, retry: true },
  offline: { local: 'The network is switched off for this node. `atoll config set network on` switches it on.', remote: 'Offline.', exit: 5, retry: true },

  // The profile and the disk
  profile_modes: { local: '{path} can be read by others (mode {mode}). Mend it with: {command}', remote: 'Storage problem.', exit: 7, retry: false },
  profile_readonly: { local: 'The profile {path} cannot be written: {why}. Nothing was saved, nothing was lost. Commands that only read still work; make it writable and repeat this one.', remote: 'Storage problem.', exit: 7, retry: true },
  device_key_damaged: { local: '{path} holds no device key ({why}). Put it back from a copy; or move the profile away and join again, as a new device.', remote: 'Storage problem.', exit: 7, retry: false },
  profile_newer: { local: 'This profile was written by a newer Atoll (schema {found}, this one knows {known}). Upgrade Atoll.', remote: 'Storage problem.', exit: 7, retry: false },
  storage_full: { local: 'The disk is full: nothing was saved, nothing was lost. Free some space and repeat the command.', remote: 'Storage problem.', exit: 7, retry: true },
  files_quota: { local: 'Files take {used} of the {quota} that they may; {more} more do not fit. `atoll config set files_quota SIZE` raises it, `atoll file delete ID` frees some.', remote: 'Storage problem.', exit: 7, retry: false },
  disk_reserve: { local: 'The disk has {free} free and {reserve} are kept for everything else; {more} more do not fit. Free some space and repeat the command: what is here already is not fetched again.', remote: 'Storage problem.', exit: 7, retry: true },
  file_exists: { local: '{path} is there already. Choose another name, or say --overwrite.', remote: 'File problem.', exit: 6, retry: false },
  file_unwritable: { local: 'The file {path} cannot be written: {why}.', remote: 'File problem.', exit: 7, retry: true },
  file_changed: { local: '{path} was changed while it was read. Share it again when it is at rest.', remote: 'File problem.', exit: 6, retry: true },
  file_damaged: { local: 'The file {name} cannot be put together: {why}. Ask {by} to share it again.', remote: 'File problem.', exit: 7, retry: false },
  storage_failed: { local: 'The disk refused a write ({why}): nothing was saved, nothing was lost. Reading goes on; it is tried anew with the next command.', remote: 'Storage problem.', exit: 7, retry: true },
  storage_corrupt: { local: 'A part of the store {path} is damaged ({why}). The next command sets it aside and saves what can be read; peers give the rest again. `atoll status` says where it is kept.', remote: 'Storage problem.', exit: 7, retry: true },

  // Keys
  key_missing: { local: 'The key to this was not handed to you yet; it comes when a member that holds it is reachable.', remote: 'Key missing.', exit: 5, retry: true },
  busy: { local: 'Too much at once: {what}. Try again in a moment.', remote: 'Busy.', exit: 5, retry: true },
  internal: { local: 'This should not have happened: {why}. `atoll logs` has more; please report it.', remote: 'Internal error.', exit: 1, retry: false },
} as const satisfies Record<string, Row>

export type ErrorCode = keyof typeof errorTable
export type ErrorDetails = Readonly<Record<string, string | number>>

/** The one error that operations throw. `message` is the local text; `remote` is all that a peer may see. */
export class AtollError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(fill(errorTable[code].local, details), options)
    this.name = 'AtollError'
    this.code = code
    this.details = details
  }

  get remote(): string {
    return errorTable[this.code].remote
  }

  get exit(): number {
    return errorTable[this.code].exit
  }

  get retry(): boolean {
    return errorTable[this.code].retry
  }
}

/** Anything thrown, as an AtollError; what is not one becomes `internal` and keeps its cause. */
export function toAtollError(error: unknown): AtollError {
  if (error instanceof AtollError) return error
  const why = error instanceof Error ? error.message : String(error)
  return new AtollError('internal', { why }, { cause: error })
}

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? '?'))
}
