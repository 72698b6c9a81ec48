/**
 * Opens entries and folds their changes into tables. Everything a fold needs is in the entry, the membership at the
 * frontier it names and the tables, so that any order of arrival ends in the same place (rule C1).
 */
import { decodeBody, deletePayload, kinds, messagePayload, receiptPayload, setPayload, type Change } from '../../../crdt/docs/change.ts'
import { filePayload, fileDeletePayload, foldFile, foldFileDelete } from '../../../crdt/docs/files.ts'
import { grantsDoc } from '../../../crdt/docs/grants.ts'
import { foldMessage, foldReceipt, type Origin } from '../../../crdt/docs/messages.ts'
import { needOf, needOfRegister } from '../../../crdt/docs/need.ts'
import { foldUpdate, updatePayload } from '../../../crdt/docs/updates.ts'
import { checkpointPayload, foldCheckpoint, foldDocument, noteDocuments, noteOwn, toldOf, toldVersions } from '../../../crdt/docs/checkpoints.ts'
import { foldRegister, readRegister, registerKey, withTold, type Version } from '../../../crdt/docs/registers.ts'
import { foldWrongKey, wrongKeyPayload } from '../../../crdt/docs/wrong-keys.ts'
import { openChanges } from '../../../crdt/docs/sealed.ts'
import { toWords } from '../../../crdt/docs/search-words.ts'
import type { Tables } from '../../../crdt/docs/tables.ts'
import { open } from '../../../crdt/crypto/seal.ts'
import type { Entry } from '../../../crdt/log/entry.ts'
import type { Membership } from '../../../crdt/members/membership.ts'
import { meets, type Need, type Policies, type Writer } from '../../../crdt/members/permissions.ts'
import { rank, stewards, writers } from '../../../crdt/members/roles.ts'
import type { View } from '../../../crdt/members/view.ts'
import { decode } from '../../../crdt/wire/codec.ts'
import type { EntryId, FileId, LogId, MeshId } from '../../../crdt/wire/ids.ts'
import { parseNote } from './note-value.ts'
import type { Identity } from './identity.ts'
import type { Keyring } from './keyring.ts'

/** A register that changed: what was shown before and what is shown now. */
export interface RegisterEvent {
  readonly doc: string
  readonly key: string
  readonly before: Version | undefined
  readonly after: Version | undefined
}

/** What folding an entry brought about, for whoever watches. */
export interface FoldEvents {
  readonly registers: RegisterEvent[]
  /** Ids of messages that are new in this device's inbox. */
  readonly messages: { readonly id: string; readonly origin: Origin }[]
  /** Rows of updates that were added to live documents. */
  readonly documents: Map<string, string[]>
  /** Shared files that came, were deleted, or were opened to more people. */
  readonly files: Set<FileId>
  /** Rotations and shares whose key a device says does not fit. */
  readonly wrongKeys: { readonly by: EntryId; readonly origin: Origin }[]
  /** Ids of messages whose receipts moved are not tracked one by one: only that some did. */
  receipts: boolean
}

export const noEvents = (): FoldEvents => ({ registers: [], messages: [], documents: new Map(), files: new Set(), wrongKeys: [], receipts: false })

export interface FolderNeeds {
  readonly mesh: MeshId
  readonly identity: Identity
  readonly membership: Membership
  readonly keyring: Keyring
  /** Whether an entry has been folded here already. */
  readonly folded: (id: EntryId) => boolean
  /** Whether content of this entry stands in the light of every removal (rule T4). */
  readonly stands: (entry: Entry, frontier: readonly EntryId[]) => boolean
  /** An entry that is here and cannot be opened, with the frontier in force at it. */
  readonly sealed: (id: EntryId, tables: Tables) => { readonly entry: Entry; readonly frontier: readonly EntryId[] } | undefined
  /** What was told before does not count any more, and may stand merged with other things. */
  readonly foldAnew: () => void
  /** Whether something of a log before a seq cannot be opened; of no log in particular: whether anything. */
  readonly hasSealed: (log?: LogId, before?: number) => boolean
}

export class Folder {
  readonly #needs: FolderNeeds
  /** The view of a frontier never changes, and entries of a log mostly share one. */
  #last: { readonly frontier: readonly EntryId[]; readonly view: View } | undefined
  /** What a frontier knew of policies, as it stands now: good until the membership grows. */
  #known: { readonly frontier: readonly EntryId[]; readonly now: View; readonly policies: Policies } | undefined

  constructor(needs: FolderNeeds) {
    this.#needs = needs
  }

  /**
   * Folds one content entry.
   * @param frontier the membership frontier in force at it
   * @returns false when the key of its epoch is missing: fold it again when the key has come
   */
  fold(entry: Entry, frontier: readonly EntryId[], tables: Tables, events: FoldEvents): boolean {
    const { keyring } = this.#needs
    const key = entry.sealing && keyring.bodyKey(entry.sealing.epoch)
    if (!entry.sealing || !key) return false
    const plain = open(key, entry.sealing.nonce, entry.body, entry.headerBytes)
    // Its author sealed nonsense: the entry stays, as evidence and as a link of the chain, and means nothing.
    const changes = plain && decodeBody(plain)
    if (!changes?.ok) return true
    const view = this.#viewAt(frontier)
    const author = view?.device(entry.device)
    if (!view || !author) return true
    const origin: Origin = { entry: entry.id, device: entry.device, member: author.member, log: entry.log, seq: entry.seq, clock: entry.clock }
    const within = this.#needs.stands(entry, frontier)
    const policies = this.#policiesKnownTo(frontier)
    const at: FoldContext = { origin, frontier, author, view, stands: (need) => within && meets(need, author, policies), tables, events, inner: false, written: new Set() }
    for (const change of changes.value) this.#dispatch(change, at)
    return true
  }

  #viewAt(frontier: readonly EntryId[]): View | undefined {
    if (this.#last?.frontier !== frontier) {
      const view = this.#needs.membership.viewAt(frontier)
      this.#last = view && { frontier, view }
    }
    return this.#last?.view
  }

  #policiesKnownTo(frontier: readonly EntryId[]): Policies {
    const { membership } = this.#needs
    const now = membership.now()
    if (this.#known?.frontier !== frontier || this.#known.now !== now) this.#known = { frontier, now, policies: membership.policiesKnownTo(frontier) }
    return this.#known.policies
  }

  #dispatch(change: Change, at: FoldContext): void {
    if (change.kind === kinds.set || change.kind === kinds.delete) this.#register(change, at)
    else if (change.kind === kinds.sealed && !at.inner) this.#sealed(change, at)
    const need = needOf(change.kind)
    // Anything else is of a kind this version does not know: kept and forwarded with its entry (rule C5).
    if (!need || !meets(need, at.author, at.view)) return
    const stands = at.stands(need)
    if (change.kind === kinds.yjsUpdate && !at.inner) this.#update(change, stands, at)
    if (!stands) return
    if (change.kind === kinds.message) this.#message(change, at)
    else if (change.kind === kinds.receipt) this.#receipt(change, at)
    else if (change.kind === kinds.blobTree) this.#file(change, at)
    else if (change.kind === kinds.fileDelete) this.#fileDelete(change, at)
    else if (change.kind === kinds.wrongKey && !at.inner) this.#wrongKey(change, at)
    else if (change.kind === kinds.checkpoint && !at.inner && writers.has(at.author.role)) this.#checkpoint(change, at)
  }

  #register(change: Change, { origin, author, view, stands, tables, events, inner, written }: FoldContext): void {
    const parsed = change.kind === kinds.set ? decode(setPayload, change.payload) : decode(deletePayload, change.payload)
    // What is not sealed for the author's own devices is nobody's decision.
    if (!parsed.ok || (change.doc === grantsDoc && !inner)) return
    const need = needOfRegister(change.doc, parsed.value.key)
    if (!need || !meets(need, author, view)) return
    const value = 'value' in parsed.value ? (parsed.value.value as string) : undefined
    if (value !== undefined && !isJson(value)) return
    // An entry is what deps name, so it has one say about a key: the first.
    const register = registerKey(change.doc, parsed.value.key)
    if (written.has(register)) return
    written.add(register)
    const { entry, log, seq, device, clock } = origin
    const { before, after } = foldRegister(tables, { doc: change.doc, key: parsed.value.key, value, entry, log, seq, device, clock, deps: change.deps, stands: stands(need) }, this.#needs.folded)
    if (this.#needs.hasSealed()) {
      if (this.#needs.hasSealed(log, seq) && stands(need)) noteOwn(tables, register, log, seq)
      this.#tellAnew(register, before, tables, events)
    } else if (before[0]?.entry !== after[0]?.entry) this.#changed(change.doc, parsed.value.key, before, after, tables, events)
  }

  #changed(doc: string, key: string, before: readonly Version[], after: readonly Version[], tables: Tables, events: FoldEvents): void {
    events.registers.push({ doc, key, before: before[0], after: after[0] })
    if (doc === 'memory') indexNote(key, after[0], tables)
  }

  #checkpoint(change: Change, { origin, author, tables, events }: FoldContext): void {
    const said = decode(checkpointPayload, change.payload)
    if (!said.ok) return
    const told = foldCheckpoint(tables, said.value, origin, rank(author.role), change.deps, change.doc)
    if (!told) return
    if ('register' in told) {
      if (this.#needs.hasSealed()) this.#tellAnew(told.register, undefined, tables, events)
      return
    }
    noteDocuments(tables)
    // Who can open everything has it at first hand.
    if (!this.#needs.hasSealed()) return
    const { rows, replaced } = foldDocument(tables, told, origin)
    if (replaced) this.#needs.foldAnew()
    if (rows.length > 0) events.documents.set(change.doc, [...(events.documents.get(change.doc) ?? []), ...rows])
  }

  /** An entry came that cannot be opened: what is told of it counts from now on. @returns false where all has to be folded anew for that */
  sealedCame(id: EntryId, tables: Tables, events: FoldEvents): boolean {
    const { many, registers } = toldOf(tables, id)
    for (const register of registers) this.#tellAnew(register, undefined, tables, events)
    return !many
  }

  /** @param before what was shown, where that is not what the table holds */
  #tellAnew(register: string, before: readonly Version[] | undefined, tables: Tables, events: FoldEvents): void {
    const doc = register.slice(0, register.indexOf('\0'))
    const key = register.slice(doc.length + 1)
    const need = needOfRegister(doc, key)
    if (!need) return
    const shown = before ?? readRegister(tables, doc, key)
    const told = toldVersions(tables, register, need.type !== 'permission', (id) => {
      const found = this.#needs.sealed(id, tables)
      return found && this.#mayHaveChanged(found.entry, found.frontier, need) ? found.entry : undefined
    }).filter(({ deleted, value }) => deleted || isJson(value))
    const after = withTold(tables, register, told)
    if (shown[0]?.entry !== after[0]?.entry || shown[0]?.told !== after[0]?.told) this.#changed(doc, key, shown, after, tables, events)
  }

  /** Whether a sealed entry's author might have written this, and it stands (rules T3, T4): as of one that can be opened. */
  #mayHaveChanged(entry: Entry, frontier: readonly EntryId[], need: Need): boolean {
    const view = this.#needs.membership.viewAt(frontier)
    const author = view?.device(entry.device)
    return view !== undefined && author !== undefined && meets(need, author, view) && meets(need, author, this.#needs.membership.policiesKnownTo(frontier)) && this.#needs.stands(entry, frontier)
  }

  #sealed(change: Change, at: FoldContext): void {
    const { identity, mesh } = this.#needs
    const certified = (key: Parameters<View['hasSealingKey']>[1]): boolean => at.view.hasSealingKey(at.origin.device, key)
    const inner = openChanges(change.payload, mesh, at.origin.device, identity.device, identity.wrapper, certified)
    for (const change of inner ?? []) this.#dispatch(change, { ...at, inner: true })
  }

  #update(change: Change, stands: boolean, { origin, tables, events, written }: FoldContext): void {
    const payload = decode(updatePayload, change.payload)
    const document = `update\0${change.doc}`
    if (!payload.ok || written.has(document)) return
    written.add(document)
    const { entry, log, seq } = origin
    const rows = foldUpdate(tables, { doc: change.doc, entry, log, seq, deps: change.deps, payload: payload.value, stands }, this.#needs.folded)
    if (rows.length > 0) events.documents.set(change.doc, [...(events.documents.get(change.doc) ?? []), ...rows])
  }

  #message(change: Change, { origin, tables, events }: FoldContext): void {
    const message = decode(messagePayload, change.payload)
    if (!message.ok) return
    const { device } = this.#needs.identity
    const member = this.#needs.membership.memberOf(device)
    if (foldMessage(tables, message.value, change.payload, origin, { device, member })) events.messages.push({ id: message.value.id, origin })
  }

  #file(change: Change, { origin, inner, tables, events }: FoldContext): void {
    const file = decode(filePayload, change.payload)
    if (file.ok && foldFile(tables, file.value, origin, inner)) events.files.add(file.value.id)
  }

  #fileDelete(change: Change, { origin, author, tables, events }: FoldContext): void {
    const gone = decode(fileDeletePayload, change.payload)
    if (gone.ok && foldFileDelete(tables, gone.value.id, origin, stewards.has(author.role))) events.files.add(gone.value.id)
  }

  /** Only who was handed a key, and knew of it, has something to say about it. */
  #wrongKey(change: Change, { origin, frontier, tables, events }: FoldContext): void {
    const said = decode(wrongKeyPayload, change.payload)
    if (!said.ok) return
    const { history } = this.#needs.membership
    const op = history.entries[history.at(said.value.by) ?? -1]?.op
    const isListed = (op?.type === 'rotate' || op?.type === 'share') && op.recipients.some(({ device }) => device === origin.device)
    if (!isListed || !this.#needs.membership.covers(frontier, [said.value.by])) return
    if (foldWrongKey(tables, said.value.by, origin)) events.wrongKeys.push({ by: said.value.by, origin })
  }

  #receipt(change: Change, { origin, tables, events }: FoldContext): void {
    const receipt = decode(receiptPayload, change.payload)
    if (!receipt.ok) return
    foldReceipt(tables, receipt.value, origin.device)
    events.receipts = true
  }
}

interface FoldContext {
  readonly origin: Origin
  readonly frontier: readonly EntryId[]
  readonly author: Writer
  /** The membership as its author saw it, policies included. */
  readonly view: View
  /** Whether a change that needs this stands: within all pins, and under policies that stand themselves (rule T4). */
  readonly stands: (need: Need) => boolean
  readonly tables: Tables
  readonly events: FoldEvents
  readonly inner: boolean
  /** Registers and documents that this entry has changed. */
  readonly written: Set<string>
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value)
    return true
  } catch {
    return false
  }
}

function indexNote(id: string, version: Version | undefined, tables: Tables): void {
  const note = version && !version.deleted ? parseNote(version.value) : undefined
  tables.index(id, note && { words: toWords(note.text), tags: note.tags })
}
