/** What an entry of content changed, in words: names of things, never what stands in them. */
import * as z from 'zod'
import { deletePayload, kinds, messagePayload, setPayload, type Change, type Target } from '../../../crdt/docs/change.ts'
import { fileDeletePayload, filePayload, parseFile } from '../../../crdt/docs/files.ts'
import { grantsDoc } from '../../../crdt/docs/grants.ts'
import { needOfRegister } from '../../../crdt/docs/need.ts'
import { readRegister } from '../../../crdt/docs/registers.ts'
import { wrongKeyPayload } from '../../../crdt/docs/wrong-keys.ts'
import { openChanges, recipientsOf } from '../../../crdt/docs/sealed.ts'
import type { Entry } from '../../../crdt/log/entry.ts'
import { decode } from '../../../crdt/wire/codec.ts'
import type { MemberId } from '../../../crdt/wire/ids.ts'
import type { AuditChange, AuditKind } from '../../ports/services.ts'
import type { Names } from '../mesh/names.ts'
import { openEntry } from '../replica/open-entry.ts'
import type { Replica } from '../replica/replica.ts'

const namedAtMost = 3
const titled = z.object({ title: z.string() })

/** One change: its kind, and what it is about where that has a name. */
interface Touched {
  readonly kind: AuditKind
  readonly about?: string
}

/** How changes of a kind are said, of `what` they are about or of how many there are. */
const words: Partial<Readonly<Record<AuditKind, (what: string, count: number) => string>>> = {
  state_set: (what) => `set ${what}`,
  state_deleted: (what) => `deleted ${what}`,
  note_set: (_, count) => (count === 1 ? 'remembered a note' : `remembered ${count} notes`),
  note_forgotten: (_, count) => (count === 1 ? 'forgot a note' : `forgot ${count} notes`),
  document_named: (what) => `named the document ${what}`,
  document_edited: (what) => `edited the document ${what}`,
  member_named: (what) => `named ${what}`,
  profile_edited: (what) => `edited ${what}`,
  member_confirmed: (what) => `confirmed ${what}`,
  member_unconfirmed: (what) => `took back the confirmation of ${what}`,
  invite_described: () => 'said what newcomers by an invite begin with',
  token_noted: (what) => `wrote down the token ${what}`,
  device_named: (what) => `named the device ${what}`,
  mesh_named: () => 'named the mesh',
  relays_set: () => 'said which relays there are',
  rotation_set: () => 'said when keys are changed',
  file_shared: (what) => `shared the file ${what}`,
  file_opened: (what) => `opened the file ${what} to more people`,
  file_deleted: (what) => `deleted the file ${what}`,
  message_sent: (what, count) => (count === 1 ? `wrote a message to ${what}` : `wrote ${count} messages to ${what}`),
  receipt: () => 'confirmed what had come',
  checkpoint: (_, count) => (count === 1 ? 'told newcomers how one thing stands' : `told newcomers how ${count} things stand`),
  key_refused: (what) => `said that a key does not fit that was handed out by ${what}`,
  grant_decided: (_, count) => (count === 1 ? 'decided what somebody may do with them' : `decided ${count} times what somebody may do with them`),
  sealed: (what) => `wrote something sealed for ${what}`,
}

/** All that an entry changed, kind by kind in the order of the first of each. */
export function changesOf(replica: Replica, entry: Entry, names: Names): readonly AuditChange[] {
  const changes = openEntry(replica, entry)
  if (changes === 'sealed') return [{ kind: 'sealed', text: 'wrote something whose key is not here', count: 1 }]
  const byKind = new Map<AuditKind, Touched[]>()
  for (const change of changes === 'nonsense' ? [] : changes) {
    for (const touched of touchedBy(change, { replica, entry, names, inner: false })) byKind.set(touched.kind, [...(byKind.get(touched.kind) ?? []), touched])
  }
  if (byKind.size === 0) byKind.set('unknown', [{ kind: 'unknown' }])
  return [...byKind].map(([kind, all]) => {
    const about = [...new Set(all.flatMap((one) => one.about ?? []))]
    const what = `${about.slice(0, namedAtMost).join(', ')}${about.length > namedAtMost ? ` and ${about.length - namedAtMost} more` : ''}`
    return { kind, text: words[kind]?.(what, all.length) ?? 'wrote something that this version does not understand', count: all.length }
  })
}

interface Context {
  readonly replica: Replica
  readonly entry: Entry
  readonly names: Names
  readonly inner: boolean
}

function touchedBy(change: Change, context: Context): readonly Touched[] {
  switch (change.kind) {
    case kinds.set:
    case kinds.delete: return register(change, context)
    case kinds.yjsUpdate: return [{ kind: 'document_edited', about: titleOf(context, change.doc) }]
    case kinds.message: return message(change, context)
    case kinds.receipt: return [{ kind: 'receipt' }]
    case kinds.blobTree: return file(change, context)
    case kinds.fileDelete: {
      const gone = decode(fileDeletePayload, change.payload)
      return [gone.ok ? { kind: 'file_deleted', about: fileName(context, gone.value.id) } : { kind: 'unknown' }]
    }
    case kinds.checkpoint: return [{ kind: 'checkpoint' }]
    case kinds.wrongKey: {
      const said = decode(wrongKeyPayload, change.payload)
      const { history } = context.replica.membership
      const by = said.ok ? history.entries[history.at(said.value.by) ?? -1] : undefined
      return [by ? { kind: 'key_refused', about: context.names.device(by.device) } : { kind: 'unknown' }]
    }
    case kinds.sealed: return context.inner ? [{ kind: 'unknown' }] : sealed(change, context)
    default: return [{ kind: 'unknown' }]
  }
}

function sealed(change: Change, context: Context): readonly Touched[] {
  const { replica: { mesh, identity, membership }, entry } = context
  const inner = openChanges(change.payload, mesh, entry.device, identity.device, identity.wrapper, (key) => membership.now().hasSealingKey(entry.device, key))
  if (inner) return inner.flatMap((one) => touchedBy(one, { ...context, inner: true }))
  const others = recipientsOf(change.payload).filter((device) => device !== entry.device).length
  return [{ kind: 'sealed', about: others === 0 ? 'nobody else' : others === 1 ? 'one other device' : `${others} other devices` }]
}

function register(change: Change, context: Context): readonly Touched[] {
  const payload = decode(change.kind === kinds.set ? setPayload : deletePayload, change.payload)
  if (!payload.ok) return [{ kind: 'unknown' }]
  const { key } = payload.value
  const isSet = change.kind === kinds.set
  if (change.doc === 'state') return [{ kind: isSet ? 'state_set' : 'state_deleted', about: key }]
  if (change.doc === 'memory') return [{ kind: isSet ? 'note_set' : 'note_forgotten' }]
  if (change.doc === grantsDoc) return [{ kind: context.inner ? 'grant_decided' : 'unknown' }]
  if (change.doc === 'documents') return [{ kind: 'document_named', about: titleOf(context, key) }]
  if (change.doc === 'members') return memberRegister(key, context)
  if (change.doc === 'confirmations') return [{ kind: isSet ? 'member_confirmed' : 'member_unconfirmed', about: context.names.member(key.slice(0, 64) as MemberId) }]
  if (change.doc === 'invites') return [{ kind: 'invite_described' }]
  if (change.doc === 'mesh' && key === 'name') return [{ kind: 'mesh_named' }]
  if (change.doc === 'mesh' && key === 'relays') return [{ kind: 'relays_set' }]
  if (change.doc === 'mesh' && key === 'rotation') return [{ kind: 'rotation_set' }]
  return [{ kind: 'unknown' }]
}

/** A member's name stands under its id; behind that the rest of its profile, its devices and the tokens it made. */
function memberRegister(key: string, { names }: Context): readonly Touched[] {
  const need = needOfRegister('members', key)
  if (need?.type === 'profile') return [need.field === 'name' ? { kind: 'member_named', about: names.member(need.of) } : { kind: 'profile_edited', about: `${need.field} of ${names.member(need.of)}` }]
  if (need?.type !== 'about') return [{ kind: 'unknown' }]
  const [, second, token] = key.split('/') as [string, string, MemberId | undefined]
  return [token === undefined ? { kind: 'device_named', about: `${second.slice(0, 12)} of ${names.member(need.of)}` } : { kind: 'token_noted', about: names.member(token) }]
}

function message(change: Change, { names, replica: { membership } }: Context): readonly Touched[] {
  const payload = decode(messagePayload, change.payload)
  if (!payload.ok) return [{ kind: 'unknown' }]
  const to = (target: Target): string => {
    if (target.type === 'all') return 'everybody'
    return target.type === 'member' ? names.member(target.member) : `a session of ${membership.memberOf(target.device) ? names.device(target.device) : 'somebody'}`
  }
  return [{ kind: 'message_sent', about: payload.value.targets.map(to).join(', ') }]
}

function file(change: Change, context: Context): readonly Touched[] {
  const payload = decode(filePayload, change.payload)
  if (!payload.ok) return [{ kind: 'unknown' }]
  const stored = context.replica.store.get('file', payload.value.id)
  const first = stored && parseFile(stored).entry
  return [{ kind: first === undefined || first === context.entry.id ? 'file_shared' : 'file_opened', about: payload.value.name }]
}

function fileName({ replica }: Context, id: string): string {
  const stored = replica.store.get('file', id)
  return stored ? parseFile(stored).file.name : id
}

function titleOf({ replica }: Context, id: string): string {
  const [version] = readRegister(replica.store, 'documents', id)
  const parsed = version && !version.deleted ? titled.safeParse(JSON.parse(version.value)) : undefined
  return parsed?.success ? parsed.data.title : id
}
