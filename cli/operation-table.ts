// Generated from node/ops by `npm run docs`; do not edit. Starting `atoll` must not load every operation,
// so this says which words lead to which of them.
import type { Operation } from '../node/ops/define.ts'

export interface OperationRow {
  /** The name of the operation, `noun.verb`. */
  readonly name: string
  /** The words after `atoll`. */
  readonly words: string
  readonly summary: string
  load(): Promise<Operation>
}

/** Derived commands in the order in which help lists them. */
export const operationTable: readonly OperationRow[] = [
  { name: 'node.metrics', words: 'metrics', summary: 'Numbers of the running node as Prometheus reads them', load: async () => (await import('../node/ops/node/metrics.ts')).nodeMetrics },
  { name: 'node.netcheck', words: 'netcheck', summary: 'Check this machine’s network by itself', load: async () => (await import('../node/ops/node/netcheck.ts')).nodeNetcheck },
  { name: 'config.list', words: 'config', summary: 'List every setting of this profile with its value, where the value comes from, and what it does', load: async () => (await import('../node/ops/config/list.ts')).configList },
  { name: 'config.get', words: 'config get', summary: 'Read one setting', load: async () => (await import('../node/ops/config/get.ts')).configGet },
  { name: 'config.set', words: 'config set', summary: 'Change one setting in the profile’s configuration file', load: async () => (await import('../node/ops/config/set.ts')).configSet },
  { name: 'config.unset', words: 'config unset', summary: 'Take a setting out of the configuration file, so that its default counts again', load: async () => (await import('../node/ops/config/unset.ts')).configUnset },
  { name: 'mesh.create', words: 'create', summary: 'Make a new mesh with you as its owner', load: async () => (await import('../node/ops/mesh/create.ts')).meshCreate },
  { name: 'mesh.join', words: 'join', summary: 'Join a mesh by an invite link', load: async () => (await import('../node/ops/mesh/join.ts')).meshJoin },
  { name: 'mesh.list', words: 'list', summary: 'List the meshes this device is in, with your name and role in each and how many are online', load: async () => (await import('../node/ops/mesh/list.ts')).meshList },
  { name: 'mesh.use', words: 'use', summary: 'Make a mesh the one that is meant when none is named', load: async () => (await import('../node/ops/mesh/use.ts')).meshUse },
  { name: 'mesh.info', words: 'info', summary: 'What a mesh is', load: async () => (await import('../node/ops/mesh/info.ts')).meshInfo },
  { name: 'mesh.stats', words: 'stats', summary: 'How much a mesh holds and has moved', load: async () => (await import('../node/ops/mesh/stats.ts')).meshStats },
  { name: 'mesh.leave', words: 'leave', summary: 'Leave a mesh', load: async () => (await import('../node/ops/mesh/leave.ts')).meshLeave },
  { name: 'invite.create', words: 'invite', summary: 'Make a link by which others join the mesh', load: async () => (await import('../node/ops/invite/create.ts')).inviteCreate },
  { name: 'invite.list', words: 'invite list', summary: 'List the invites of a mesh', load: async () => (await import('../node/ops/invite/list.ts')).inviteList },
  { name: 'invite.revoke', words: 'invite revoke', summary: 'Close an invite', load: async () => (await import('../node/ops/invite/revoke.ts')).inviteRevoke },
  { name: 'invite.requests', words: 'invite requests', summary: 'List who came by an invite made with --approve and waits to be let in', load: async () => (await import('../node/ops/invite/requests.ts')).inviteRequests },
  { name: 'invite.approve', words: 'invite approve', summary: 'Let in somebody who waits for an admin, after you compared the number with them', load: async () => (await import('../node/ops/invite/approve.ts')).inviteApprove },
  { name: 'invite.refuse', words: 'invite refuse', summary: 'Send away somebody who waits to be let in', load: async () => (await import('../node/ops/invite/refuse.ts')).inviteRefuse },
  { name: 'relay.add', words: 'relay add', summary: 'Add a relay to the mesh', load: async () => (await import('../node/ops/relay/add.ts')).relayAdd },
  { name: 'relay.remove', words: 'relay remove', summary: 'Take a relay out of the mesh', load: async () => (await import('../node/ops/relay/remove.ts')).relayRemove },
  { name: 'relay.list', words: 'relay list', summary: 'List the relays the mesh uses, whether each is connected, and whether this device can be reached through it', load: async () => (await import('../node/ops/relay/list.ts')).relayList },
  { name: 'device.list', words: 'device list', summary: 'List your own devices in a mesh', load: async () => (await import('../node/ops/device/list.ts')).deviceList },
  { name: 'device.remove', words: 'device remove', summary: 'Remove one of your own devices from a mesh, such as one that was lost', load: async () => (await import('../node/ops/device/remove.ts')).deviceRemove },
  { name: 'member.list', words: 'member list', summary: 'List the members of a mesh with role, devices, who let them in and when', load: async () => (await import('../node/ops/member/list.ts')).memberList },
  { name: 'member.role', words: 'member role', summary: 'Give a member another role', load: async () => (await import('../node/ops/member/role.ts')).memberRole },
  { name: 'member.rename', words: 'member rename', summary: 'Give a member another name', load: async () => (await import('../node/ops/member/rename.ts')).memberRename },
  { name: 'member.verify', words: 'verify', summary: 'Show the safety number of you and a member', load: async () => (await import('../node/ops/member/verify.ts')).memberVerify },
  { name: 'member.remove', words: 'member remove', summary: 'Remove a member with all devices', load: async () => (await import('../node/ops/member/remove.ts')).memberRemove },
  { name: 'peer.list', words: 'peers', summary: 'List who is in the mesh', load: async () => (await import('../node/ops/peer/list.ts')).peerList },
  { name: 'peer.explain', words: 'explain path', summary: 'Explain how a peer is reached', load: async () => (await import('../node/ops/peer/explain.ts')).peerExplain },
  { name: 'peer.ping', words: 'ping', summary: 'Measure the round trip to every peer that can be reached, with the path it takes', load: async () => (await import('../node/ops/peer/ping.ts')).peerPing },
  { name: 'session.set-summary', words: 'session set-summary', summary: 'Tell the others in one sentence what this session is working on', load: async () => (await import('../node/ops/session/set-summary.ts')).sessionSetSummary },
  { name: 'session.set-status', words: 'session set-status', summary: 'Set this session’s status', load: async () => (await import('../node/ops/session/set-status.ts')).sessionSetStatus },
  { name: 'state.set', words: 'state set', summary: 'Store a JSON value under a key that every member of the mesh can read', load: async () => (await import('../node/ops/state/set.ts')).stateSet },
  { name: 'state.get', words: 'state get', summary: 'Read the value stored under a key, with who wrote it and when', load: async () => (await import('../node/ops/state/get.ts')).stateGet },
  { name: 'state.list', words: 'state list', summary: 'List stored values in order of their keys, with author and time', load: async () => (await import('../node/ops/state/list.ts')).stateList },
  { name: 'state.delete', words: 'state delete', summary: 'Delete the value under a key', load: async () => (await import('../node/ops/state/delete.ts')).stateDelete },
  { name: 'state.history', words: 'state history', summary: 'Every value a key has had, newest first, with who wrote it', load: async () => (await import('../node/ops/state/history.ts')).stateHistory },
  { name: 'state.watch', words: 'state watch', summary: 'Follow changes as they happen', load: async () => (await import('../node/ops/state/watch.ts')).stateWatch },
  { name: 'memory.remember', words: 'remember', summary: 'Keep a note that every member of the mesh can find again', load: async () => (await import('../node/ops/memory/remember.ts')).memoryRemember },
  { name: 'memory.recall', words: 'recall', summary: 'Search the mesh’s shared notes', load: async () => (await import('../node/ops/memory/recall.ts')).memoryRecall },
  { name: 'memory.forget', words: 'forget', summary: 'Forget a note', load: async () => (await import('../node/ops/memory/forget.ts')).memoryForget },
  { name: 'document.create', words: 'doc create', summary: 'Start a text document that every member can edit at the same time, from any Yjs editor too', load: async () => (await import('../node/ops/document/create.ts')).documentCreate },
  { name: 'document.list', words: 'doc list', summary: 'List the live documents of the mesh', load: async () => (await import('../node/ops/document/list.ts')).documentList },
  { name: 'document.show', words: 'doc show', summary: 'Read the text of a live document as it is now', load: async () => (await import('../node/ops/document/show.ts')).documentShow },
  { name: 'document.append', words: 'doc append', summary: 'Add text at the end of a live document, on a line of its own', load: async () => (await import('../node/ops/document/append.ts')).documentAppend },
  { name: 'document.export', words: 'doc export', summary: 'Take a live document out', load: async () => (await import('../node/ops/document/export.ts')).documentExport },
  { name: 'document.connect', words: 'doc connect', summary: 'Say how a Yjs editor on this machine joins a live document', load: async () => (await import('../node/ops/document/connect.ts')).documentConnect },
  { name: 'file.share', words: 'share', summary: 'Share a file of any size, encrypted end to end, with the whole mesh or with some people', load: async () => (await import('../node/ops/file/share.ts')).fileShare },
  { name: 'file.get', words: 'get', summary: 'Fetch a shared file from everybody who has some of it, and save it', load: async () => (await import('../node/ops/file/get.ts')).fileGet },
  { name: 'file.list', words: 'files', summary: 'List the files that are shared with you, newest first', load: async () => (await import('../node/ops/file/list.ts')).fileList },
  { name: 'file.status', words: 'file status', summary: 'Say how much of a shared file is here, who else holds it, and who sent wrong data for it', load: async () => (await import('../node/ops/file/status.ts')).fileStatus },
  { name: 'file.grant', words: 'file grant', summary: 'Let more members open a file that was shared with some', load: async () => (await import('../node/ops/file/grant.ts')).fileGrant },
  { name: 'file.delete', words: 'file delete', summary: 'Delete a shared file', load: async () => (await import('../node/ops/file/delete.ts')).fileDelete },
  { name: 'message.send', words: 'send', summary: 'Send a message to a session, a member, or * for all', load: async () => (await import('../node/ops/message/send.ts')).messageSend },
  { name: 'message.inbox', words: 'inbox', summary: 'Take the messages that wait for this session', load: async () => (await import('../node/ops/message/inbox.ts')).messageInbox },
  { name: 'message.status', words: 'message-status', summary: 'How far a message you sent got, per recipient', load: async () => (await import('../node/ops/message/status.ts')).messageStatus },
  { name: 'message.watch', words: 'message watch', summary: 'Follow the messages to this session as they arrive, until cancelled', load: async () => (await import('../node/ops/message/watch.ts')).messageWatch },
  { name: 'audit.query', words: 'audit query', summary: 'Who did what, when and by which operation, as the signed entries say', load: async () => (await import('../node/ops/audit/query.ts')).auditQuery },
  { name: 'audit.verify', words: 'audit verify', summary: 'Verify every chain, signature and authority of the mesh as this device holds it, and name what does not fit, with who signed it', load: async () => (await import('../node/ops/audit/verify.ts')).auditVerify },
  { name: 'audit.void', words: 'audit void', summary: 'List what removed members wrote outside of what their removal lets stand', load: async () => (await import('../node/ops/audit/void.ts')).auditVoid },
  { name: 'audit.watch', words: 'audit watch', summary: 'Follow members coming and going, roles, devices, changed keys and who asks to be let in, until cancelled', load: async () => (await import('../node/ops/audit/watch.ts')).auditWatch },
]
