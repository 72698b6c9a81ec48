/** Every operation there is. A new one is a file and a line here. */
import type * as z from 'zod'
import type { Operation } from './define.ts'
import { auditQuery } from './audit/query.ts'
import { auditVerify } from './audit/verify.ts'
import { auditWatch } from './audit/watch.ts'
import { auditUndone } from './audit/undone.ts'
import { auditVoid } from './audit/void.ts'
import { configGet } from './config/get.ts'
import { configList } from './config/list.ts'
import { configSet } from './config/set.ts'
import { configUnset } from './config/unset.ts'
import { inviteApprove } from './invite/approve.ts'
import { inviteCreate } from './invite/create.ts'
import { inviteList } from './invite/list.ts'
import { inviteRefuse } from './invite/refuse.ts'
import { inviteRequests } from './invite/requests.ts'
import { inviteRevoke } from './invite/revoke.ts'
import { deviceConfirm } from './device/confirm.ts'
import { deviceLink } from './device/link.ts'
import { deviceList } from './device/list.ts'
import { deviceRefuse } from './device/refuse.ts'
import { deviceRename } from './device/rename.ts'
import { deviceWait } from './device/wait.ts'
import { deviceRemove } from './device/remove.ts'
import { grantBlock } from './grant/block.ts'
import { grantList } from './grant/list.ts'
import { grantReset } from './grant/reset.ts'
import { grantRevoke } from './grant/revoke.ts'
import { grantSet } from './grant/set.ts'
import { grantUnblock } from './grant/unblock.ts'
import { keyRotate } from './key/rotate.ts'
import { keySchedule } from './key/schedule.ts'
import { memberAllow } from './member/allow.ts'
import { memberDefault } from './member/default.ts'
import { memberDeny } from './member/deny.ts'
import { memberConfirm } from './member/confirm.ts'
import { memberList } from './member/list.ts'
import { memberPermissions } from './member/permissions.ts'
import { memberRemove } from './member/remove.ts'
import { memberRename } from './member/rename.ts'
import { memberRole } from './member/role.ts'
import { memberVerify } from './member/verify.ts'
import { documentAppend } from './document/append.ts'
import { documentConnect } from './document/connect.ts'
import { documentCreate } from './document/create.ts'
import { documentExport } from './document/export.ts'
import { documentList } from './document/list.ts'
import { documentShow } from './document/show.ts'
import { fileDelete } from './file/delete.ts'
import { fileGet } from './file/get.ts'
import { fileGrant } from './file/grant.ts'
import { fileList } from './file/list.ts'
import { fileShare } from './file/share.ts'
import { fileStatus } from './file/status.ts'
import { memoryForget } from './memory/forget.ts'
import { memoryRecall } from './memory/recall.ts'
import { memoryRemember } from './memory/remember.ts'
import { meshCreate } from './mesh/create.ts'
import { meshInfo } from './mesh/info.ts'
import { meshJoin } from './mesh/join.ts'
import { meshLeave } from './mesh/leave.ts'
import { meshList } from './mesh/list.ts'
import { meshStats } from './mesh/stats.ts'
import { meshUse } from './mesh/use.ts'
import { messageInbox } from './message/inbox.ts'
import { messageSend } from './message/send.ts'
import { messageStatus } from './message/status.ts'
import { messageWatch } from './message/watch.ts'
import { nodeMetrics } from './node/metrics.ts'
import { nodeNetcheck } from './node/netcheck.ts'
import { nodeStatus } from './node/status.ts'
import { nodeStop } from './node/stop.ts'
import { peerExplain } from './peer/explain.ts'
import { peerList } from './peer/list.ts'
import { peerPing } from './peer/ping.ts'
import { profilePolicy } from './profile/policy.ts'
import { profileSet } from './profile/set.ts'
import { profileShow } from './profile/show.ts'
import { recoveryFacts } from './recovery/facts.ts'
import { recoveryRestore } from './recovery/restore.ts'
import { relayAdd } from './relay/add.ts'
import { relayList } from './relay/list.ts'
import { relayRemove } from './relay/remove.ts'
import { sessionDefaults } from './session/defaults.ts'
import { sessionSetStatus } from './session/set-status.ts'
import { sessionSetSummary } from './session/set-summary.ts'
import { tokenCreate } from './token/create.ts'
import { tokenList } from './token/list.ts'
import { tokenRevoke } from './token/revoke.ts'
import { stateDelete } from './state/delete.ts'
import { stateGet } from './state/get.ts'
import { stateHistory } from './state/history.ts'
import { stateList } from './state/list.ts'
import { stateSet } from './state/set.ts'
import { stateWatch } from './state/watch.ts'

/** All declarations, in the order in which help and documentation list them. */
export const operations = [
  nodeMetrics, nodeNetcheck, nodeStatus, nodeStop,
  configList, configGet, configSet, configUnset,
  meshCreate, meshJoin, meshList, meshUse, meshInfo, meshStats, meshLeave,
  recoveryFacts, recoveryRestore,
  inviteCreate, inviteList, inviteRevoke, inviteRequests, inviteApprove, inviteRefuse,
  keyRotate, keySchedule,
  relayAdd, relayRemove, relayList,
  deviceLink, deviceWait, deviceConfirm, deviceRefuse, deviceList, deviceRename, deviceRemove, tokenCreate, tokenList, tokenRevoke,
  grantList, grantSet, grantRevoke, grantReset, grantBlock, grantUnblock,
  memberList, memberRole, memberRename, memberConfirm, memberVerify, memberRemove,
  memberPermissions, memberAllow, memberDeny, memberDefault,
  profileShow, profileSet, profilePolicy,
  peerList, peerExplain, peerPing,
  sessionSetSummary, sessionSetStatus, sessionDefaults,
  stateSet, stateGet, stateList, stateDelete, stateHistory, stateWatch,
  memoryRemember, memoryRecall, memoryForget,
  documentCreate, documentList, documentShow, documentAppend, documentExport, documentConnect,
  fileShare, fileGet, fileList, fileStatus, fileGrant, fileDelete,
  messageSend, messageInbox, messageStatus, messageWatch,
  auditQuery, auditVerify, auditVoid, auditUndone, auditWatch,
] as const

type Declared = (typeof operations)[number]
export type OperationName = Declared['name']
/** The declaration with a given name. */
export type OperationNamed<Name extends OperationName> = Extract<Declared, { readonly name: Name }>
/** What a caller passes to an operation. */
export type InputOf<Name extends OperationName> = z.input<OperationNamed<Name>['input']>
/** What an operation answers. */
export type AnswerOf<Name extends OperationName> = z.output<OperationNamed<Name>['output']>
/** What a streaming operation emits. */
export type EventOf<Name extends OperationName> = OperationNamed<Name> extends { readonly event?: infer Event } ? (NonNullable<Event> extends z.ZodType ? z.output<NonNullable<Event>> : never) : never

/** The declaration called `name`, if there is one. */
export function findOperation(name: string): Operation | undefined {
  return (operations as readonly Operation[]).find((operation) => operation.name === name)
}
