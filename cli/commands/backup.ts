/** `atoll backup`: a sealed file, or words for paper. Root keys are read from the profile here and sealed here; the node never hands them out. */
import { existsSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { Backup, BackupMembership } from '../../crdt/recovery/backup.ts'
import { sealBackup } from '../../crdt/recovery/backup-file.ts'
import type { DeviceId, EntryId } from '../../crdt/wire/ids.ts'
import { keptRoot } from '../../node/host/profile-on-disk.ts'
import { writeDurably } from '../../node/host/write-durably.ts'
import { cleanText } from '../../node/ops/clean-text.ts'
import { AtollError } from '../../node/ports/errors.ts'
import type { AnswerOf } from '../../node/ops/index.ts'
import type { Command, CommandInput } from '../command.ts'
import { formatPaperWords } from '../recovery/paper-words.ts'
import { newPassphrase, passphraseOptions } from '../recovery/passphrase.ts'
import { openClient, type Surface } from '../surface.ts'

type Facts = AnswerOf<'recovery.facts'>['meshes'][number]

const wordsPerLine = 6

/** The command, with the surface whose node knows the meshes. */
export function backupCommand(surface: Surface): Command {
  return {
    name: 'backup',
    summary: 'Write down what brings you back to your meshes when this machine is lost',
    usage: ['atoll backup FILE [--passphrase-file PATH] [--overwrite]', 'atoll backup --words'],
    example: 'atoll backup reef.atollbak',
    positional: ['file?'],
    options: {
      ...passphraseOptions,
      overwrite: { type: 'boolean', doc: 'Replace what stands under that name.' },
      words: { type: 'boolean', doc: 'Print words for paper instead, 48 for each mesh. Whoever reads them is you.' },
    },
    run: async (input) => {
      const [file, ...more] = input.positionals
      const words = input.values['words'] === true
      if (words ? file !== undefined : file === undefined || more.length > 0) throw new AtollError('bad_input', { what: 'Name one file for the backup, or say --words. Usage: atoll backup FILE, or atoll backup --words' })
      const path = file === undefined ? undefined : resolve(surface.directory, file)
      if (path !== undefined && existsSync(path) && input.values['overwrite'] !== true) throw new AtollError('file_exists', { path })
      const meshes = (await factsOf(surface, input)).map((facts) => withRoot(facts, input.home))
      if (path === undefined) printWords(meshes, input)
      else await writeBackup(path, { made: surface.now(), meshes }, input)
      return 0
    },
  }
}

async function factsOf(surface: Surface, { values, signal }: CommandInput): Promise<readonly Facts[]> {
  await using client = await openClient(surface, { mesh: undefined, ownNode: values['own-node'] === true, onlyReads: true })
  const { meshes } = await client.recovery.facts({}, { signal })
  const named = values['mesh']
  const chosen = typeof named === 'string' ? meshes.filter(({ mesh, name }) => name === named || (named.length >= 6 && mesh.startsWith(named))) : meshes
  if (chosen.length === 0 && typeof named === 'string') throw new AtollError('mesh_unknown', { name: named })
  if (chosen.length === 0) throw new AtollError('backup_empty', { why: 'you are in no mesh yet' })
  return chosen
}

function withRoot({ mesh, name, member_name: memberName, relays, peers, frontier }: Facts, home: string): BackupMembership {
  const root = keptRoot(home, mesh)
  if (!root) throw new AtollError('root_gone', { name })
  return { mesh: mesh as EntryId, name, memberName, root, relays, peers: peers.map(({ device, addresses }) => ({ device: device as DeviceId, addresses })), frontier: frontier as EntryId[] }
}

async function writeBackup(path: string, backup: Backup, input: CommandInput): Promise<void> {
  const { terminal, json, values } = input
  const passphrase = await newPassphrase(input)
  input.signal.throwIfAborted()
  const bytes = sealBackup(backup, { passphrase, salt: randomBytes(16), nonce: randomBytes(24) })
  try {
    writeDurably(path, bytes, { replace: values['overwrite'] === true })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new AtollError(code === 'EEXIST' ? 'file_exists' : 'file_unwritable', { path, why: message }, { cause: error })
  }
  const named = backup.meshes.map(({ mesh, name, memberName }) => ({ mesh, name, member_name: memberName }))
  if (json) return terminal.json({ path, bytes: bytes.length, meshes: named })
  terminal.out(`The backup is in ${path}, for you alone to read.`)
  for (const { name, member_name } of named) terminal.out(cleanText(`  ${name}, as ${member_name}`))
  terminal.out('It holds your root keys, and where to look for the meshes. It holds no messages, values or files:\nthose come from the other members, one of whom has to be online when you restore.')
  terminal.out('Keep it away from this machine, and remember the passphrase: nobody can open it without.\nMake a new one when you have joined another mesh.')
}

function printWords(meshes: readonly BackupMembership[], { terminal, json }: CommandInput): void {
  if (json) return terminal.json({ meshes: meshes.map((one) => ({ mesh: one.mesh, name: one.name, member_name: one.memberName, words: formatPaperWords(one), addresses: addressesOf(one) })) })
  terminal.out('# Whoever reads these words is you. Write them on paper, in order, and keep it safe.')
  for (const one of meshes) {
    terminal.out(cleanText(`# The mesh ${one.name}, as ${one.memberName}`))
    const words = formatPaperWords(one)
    for (let at = 0; at < words.length; at += wordsPerLine) terminal.out(`${words.slice(at, at + wordsPerLine).map((word) => word.padEnd(9)).join('')} # ${at + 1} to ${at + wordsPerLine}`)
    for (const address of addressesOf(one)) terminal.out(cleanText(address))
    terminal.out(one.relays.length > 0 ? '# With the address of a relay above they are enough.' : '# There is no relay: they are found at these addresses, or on the same local network.')
  }
}

/** Relays, or where there are none the peers themselves. */
function addressesOf({ relays, peers }: BackupMembership): readonly string[] {
  return relays.length > 0 ? relays : peers.flatMap(({ addresses }) => addresses.slice(0, 1))
}
