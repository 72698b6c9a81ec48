/** Shared files: their records are entries, their content chunks in the store of blobs. */
import { TreeError } from '../../../crdt/blobs/tree.ts'
import { fileIds, parseFile, readFile, type FilePayload, type FileRow } from '../../../crdt/docs/files.ts'
import { boundRandomBytes } from '../../../crdt/crypto/bound-id.ts'
import { stewards } from '../../../crdt/members/roles.ts'
import type { DeviceId, EntryId, FileId, MemberId } from '../../../crdt/wire/ids.ts'
import { AtollError } from '../../ports/errors.ts'
import type { LocalFiles } from '../../ports/files.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { FilesService, FileSummary, TellProgress } from '../../ports/services.ts'
import { fileAudience } from '../blobs/file-audience.ts'
import { fileStatus } from '../blobs/file-status.ts'
import { safeName } from '../blobs/safe-name.ts'
import { saveFile } from '../blobs/save-file.ts'
import { shareFile } from '../blobs/share-file.ts'
import { deadline } from '../blobs/deadline.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import type { WriteSpec } from '../replica/author.ts'
import { allRows } from '../replica/rows.ts'

/** A removal in the midst of sharing starts it anew, under the next key; more of them in a row are no accident. */
const attempts = 3

export function filesService(mesh: () => RunningMesh, runtime: Runtime, files: LocalFiles | undefined): FilesService {
  const local = (): LocalFiles => {
    if (!files) throw new AtollError('no_files_here')
    return files
  }
  return {
    async share({ path, name, tags, to, expires_in_ms }, progress, signal) {
      const running = mesh()
      const { replica } = running
      const member = ownMember(running)
      const audience = to.length === 0 ? 'all' : audienceOf(running, to)
      await using source = await local().open(path)
      const id = fileIds.make(member, runtime.random.bytes(boundRandomBytes))
      const expires = expires_in_ms === undefined ? undefined : runtime.clock.now() + expires_in_ms
      for (let attempt = 0; attempt < attempts; attempt++) {
        const epoch = await epochOf(running)
        const key = audience === 'all' ? replica.ledger.keyring.fileKey(epoch) : runtime.random.bytes(32)
        if (!key) throw new AtollError('key_missing')
        const { store, crypto } = running.files
        const root = await shareFile(source, key, { store, crypto, signal, progress: (done) => progress('sealing', done, source.size, 'bytes') })
        if (await source.changed()) throw new AtollError('file_changed', { path })
        // Shared with all, it is for those who are in the mesh now: not under a key that somebody took along.
        if (audience === 'all' && (await epochOf(running)) !== epoch) continue
        const file: FilePayload = { id, name: safeName(name ?? baseName(path)), tags: tags.map((tag) => tag.normalize('NFC')), root, key, expires }
        await replica.write([{ type: 'file', file, audience }])
        await running.files.keep(id)
        return summaryOf(running, find(running, id))
      }
      throw new AtollError('busy', { what: 'members are being removed while the file is sealed' })
    },
    async get({ id: typed, save_to, overwrite, patience_ms }, progress, signal) {
      const running = mesh()
      const row = find(running, typed)
      const path = await local().target(save_to, safeName(row.file.name))
      const fetched = await readable(running, row, () => fetchAndSave(running, row, { path, overwrite, patience_ms }, progress, signal))
      return { ...summaryOf(running, row), path, fetched_bytes: fetched }
    },
    async list({ query, from }) {
      const running = mesh()
      const by = from === undefined ? undefined : running.names.find(from)
      const wanted = query?.normalize('NFC').toLowerCase()
      const rows = [...allRows(running.replica.store, 'file')].flatMap(([id]) => readFile(running.replica.store, id as FileId) ?? [])
      const found = rows.filter(({ member, file }) => (by === undefined || member === by) && (wanted === undefined || [file.name, ...file.tags].some((text) => text.toLowerCase().includes(wanted))))
      return found.filter(({ file }) => (file.expires ?? Infinity) > runtime.clock.now()).sort((a, b) => b.clock.ms - a.clock.ms || (a.file.id < b.file.id ? -1 : 1)).map((row) => summaryOf(running, row))
    },
    async status(typed, signal) {
      const running = mesh()
      const row = find(running, typed)
      return { ...summaryOf(running, row), ...(await readable(running, row, () => fileStatus(running, row, runtime.timers, signal))) }
    },
    async delete(typed) {
      const running = mesh()
      const row = find(running, typed)
      const self = running.replica.membership.now().device(running.replica.identity.device)
      if (row.member !== self?.member && !stewards.has(self?.role ?? 'mirror')) throw notYours(running, row)
      await running.replica.write([{ type: 'fileDelete', file: row.file.id }])
      return { id: row.file.id, name: row.file.name }
    },
    async grant({ id, to }) {
      const running = mesh()
      const row = find(running, id)
      if (row.member !== ownMember(running)) throw notYours(running, row)
      if (!row.sealed) throw new AtollError('file_for_all', { name: row.file.name })
      const grant: WriteSpec = { type: 'file', file: row.file, audience: audienceOf(running, to) }
      await running.replica.write([grant])
      return summaryOf(running, find(running, row.file.id))
    },
  }

  async function fetchAndSave(running: RunningMesh, row: FileRow, { path, overwrite, patience_ms }: { path: string; overwrite: boolean; patience_ms: number | undefined }, progress: TellProgress, signal: AbortSignal): Promise<number> {
    await using to = await local().create(path, row.file.root.length, overwrite)
    for (let fetched = 0; ; ) {
      using patience = deadline(runtime.timers, patience_ms, signal)
      let last = -1
      const { fetched: more } = await running.files.fetch(row, ({ done, total, fetched: now, sources }) => {
        if (now !== last) patience.extend()
        last = now
        progress(sources === 0 && done < total ? 'waiting for somebody who has it' : 'fetching', done, total, 'bytes')
      }, patience.signal)
      fetched += more
      const { store, crypto } = running.files
      if (await saveFile(row.file, to, { store, crypto, signal, progress: (done) => progress('saving', done, row.file.root.length, 'bytes') })) return fetched
    }
  }
}

/** The epoch that a file shared with all is sealed under. Waits for one, as every writer does after a removal. */
async function epochOf({ replica }: RunningMesh): Promise<EntryId> {
  await replica.write([])
  const epoch = replica.membership.now().epochs().find((known) => replica.ledger.keyring.has(known))
  if (!epoch) throw new AtollError('key_missing')
  return epoch
}

function ownMember({ replica }: RunningMesh): MemberId {
  const member = replica.membership.now().device(replica.identity.device)?.member
  if (!member) throw new AtollError('removed', { at: 'an earlier day' })
  return member
}

/** The devices of the people that were named, and ours. */
function audienceOf(mesh: RunningMesh, to: readonly string[]): readonly DeviceId[] {
  const view = mesh.replica.membership.now()
  const members = new Set<MemberId>([ownMember(mesh)])
  for (const typed of to) {
    const member = mesh.names.find(typed)
    if (view.member(member)?.status !== 'active') throw new AtollError('recipient_unknown', { name: typed })
    members.add(member)
  }
  return view.devices().filter(({ member }) => members.has(member)).map(({ device }) => device)
}

/** A file by its id, the beginning of it, or the name of one only. */
function find(mesh: RunningMesh, typed: string): FileRow {
  const { store } = mesh.replica
  const exact = /^[0-9a-f]{32}$/.test(typed) ? readFile(store, typed as FileId) : undefined
  if (exact) return exact
  const rows = [...allRows(store, 'file')].map(([, stored]) => parseFile(stored)).filter(({ file }) => readFile(store, file.id))
  const byId = typed.length >= 6 ? rows.filter(({ file }) => file.id.startsWith(typed)) : []
  const found = byId.length > 0 ? byId : rows.filter(({ file }) => file.name === typed.normalize('NFC'))
  const [only, ...others] = found
  if (!only || others.length > 0) throw new AtollError('file_unknown', { id: typed })
  return only
}

function summaryOf(mesh: RunningMesh, { member, clock, sealed, file }: FileRow): FileSummary {
  const to = sealed ? fileAudience(mesh.replica, file.id).filter((one) => one !== member).map((one) => mesh.names.member(one)) : ['mesh']
  return { id: file.id, name: file.name, bytes: file.root.length, tags: file.tags, by: mesh.names.member(member), at: clock.ms, to, expires_at: file.expires ?? null }
}

const notYours = (mesh: RunningMesh, row: FileRow): AtollError => new AtollError('not_your_file', { name: row.file.name, by: mesh.names.member(row.member) })

/** What its author lied about is said in the words of the table of errors. */
async function readable<T>(mesh: RunningMesh, row: FileRow, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TreeError)) throw error
    throw new AtollError('file_damaged', { name: row.file.name, why: error.message, by: mesh.names.member(row.member) }, { cause: error })
  }
}

const baseName = (path: string): string => path.split(/[/\\]/).findLast((part) => part !== '') ?? ''
