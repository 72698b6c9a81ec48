/** `atoll restore`: opens a backup, or takes words from paper, and comes back to each mesh as a new device. */
import { resolve } from 'node:path'
import { openBackup, backupFileBytes, backupVersion, type OpenedBackup } from '../../crdt/recovery/backup-file.ts'
import { signingPair } from '../../crdt/crypto/sign.ts'
import { toHex } from '../../crdt/wire/ids.ts'
import { cleanText } from '../../node/ops/clean-text.ts'
import type { AnswerOf, InputOf } from '../../node/ops/index.ts'
import { AtollError, toAtollError } from '../../node/ports/errors.ts'
import type { Client } from '../../node/rpc/client-types.ts'
import type { Command, CommandInput } from '../command.ts'
import { Progress } from '../progress.ts'
import { readStdin } from '../read-stdin.ts'
import { parsePaper } from '../recovery/paper-words.ts'
import { readBounded } from '../recovery/read-bounded.ts'
import { passphraseOptions, readPassphrase } from '../recovery/passphrase.ts'
import { openClient, type Surface } from '../surface.ts'

/** More than that nobody writes on paper. */
const paperBytes = 1024 * 1024

/** What to come back to, and what it was called where that is known. */
type Wanted = Omit<InputOf<'recovery.restore'>, 'wait'> & { readonly name: string }
type Restored = AnswerOf<'recovery.restore'>
interface Failed {
  readonly mesh: string
  readonly name: string
  readonly error: AtollError
}

/** The command, with the surface whose node comes back. */
export function restoreCommand(surface: Surface): Command {
  return {
    name: 'restore',
    summary: 'Come back to your meshes on an empty machine',
    usage: ['atoll restore FILE [--passphrase-file PATH] [--wait]', 'atoll restore --words [FILE] [--wait]'],
    example: 'atoll restore reef.atollbak --wait',
    positional: ['file?'],
    options: {
      ...passphraseOptions,
      words: { type: 'boolean', doc: 'From paper words, with the addresses behind them; typed on standard input, or in a file.' },
      wait: { type: 'boolean', doc: 'Wait until a member of each mesh is online.' },
    },
    run: async (input) => {
      const [file, ...more] = input.positionals
      const words = input.values['words'] === true
      if (more.length > 0 || (file === undefined && !words)) throw new AtollError('bad_input', { what: 'Name the backup. Usage: atoll restore FILE, or atoll restore --words' })
      const wanted = words ? await wantedOnPaper(file, surface, input) : await wantedInFile(resolve(surface.directory, file as string), input)
      await using client = await openClient(surface, { mesh: undefined, ownNode: input.values['own-node'] === true })
      const missing = await notHereYet(client, wanted, input)
      const { restored, failed } = await restoreAll(client, missing, surface, input)
      const [first] = failed
      // Nothing was done: as any command that fails.
      if (first && restored.length === 0) throw first.error
      report(restored, failed, input)
      return first?.error.exit ?? 0
    },
  }
}

async function wantedInFile(path: string, input: CommandInput): Promise<readonly Wanted[]> {
  const bytes = readBounded(path, backupFileBytes)
  if (!bytes) throw new AtollError('backup_foreign', { path })
  const opened = openBackup(bytes, await readPassphrase(input))
  if (!opened.ok) throw refusalOf(opened, path)
  return opened.backup.meshes.map(({ mesh, name, root, relays, peers, frontier }) => ({
    mesh,
    name,
    root: toHex(root),
    relays: [...relays],
    peers: peers.map(({ device, addresses }) => ({ device, addresses: [...addresses] })),
    frontier: [...frontier],
  }))
}

async function wantedOnPaper(file: string | undefined, { directory }: Surface, { terminal, json }: CommandInput): Promise<readonly Wanted[]> {
  if (file === undefined && process.stdin.isTTY === true && !json) terminal.err('Type the words and the addresses behind them; Ctrl-D on a line of its own ends.')
  const text = file === undefined || file === '-' ? await readStdin(terminal.stdin) : new TextDecoder().decode(readBounded(resolve(directory, file), paperBytes))
  return parsePaper(text).map(({ mesh, root, addresses }) => ({ mesh, name: mesh.slice(0, 8), root: toHex(root), relays: [...addresses], peers: [], frontier: [] }))
}

function refusalOf(opened: Exclude<OpenedBackup, { ok: true }>, path: string): AtollError {
  switch (opened.problem) {
    case 'foreign': return new AtollError('backup_foreign', { path })
    case 'damaged': return new AtollError('backup_damaged', { path, why: opened.why })
    case 'newer': return new AtollError('backup_newer', { path, version: opened.version, known: backupVersion })
    case 'passphrase': return new AtollError('backup_passphrase', { path })
  }
}

/** Those that this profile has not come back to: a restore goes on where an earlier one got some. Throws profile_used where it is in others. */
async function notHereYet(client: Client, wanted: readonly Wanted[], { signal }: CommandInput): Promise<readonly Wanted[]> {
  const { meshes } = await client.mesh.list({}, { signal })
  const own = (mesh: string, member: string): boolean => wanted.some((one) => one.mesh === mesh && signingPair(Buffer.from(one.root, 'hex')).publicKey === member)
  const missing = wanted.filter(({ mesh }) => !meshes.some((present) => present.mesh === mesh))
  if (meshes.some(({ mesh, member }) => !own(mesh, member)) || missing.length === 0) throw new AtollError('profile_used', { choices: meshes.map(({ name }) => name).join(', ') })
  return missing
}

async function restoreAll(client: Client, wanted: readonly Wanted[], surface: Surface, { values, signal }: CommandInput): Promise<{ restored: readonly Restored[]; failed: readonly Failed[] }> {
  const restored: Restored[] = []
  const failed: Failed[] = []
  using progress = new Progress(surface.terminal, surface.now)
  for (const { name, ...one } of wanted) {
    try {
      restored.push(await client.recovery.restore({ ...one, wait: values['wait'] === true }, { signal, progress: (text) => progress.update(`${name}: ${text}`) }))
    } catch (error) {
      signal.throwIfAborted()
      failed.push({ mesh: one.mesh, name, error: toAtollError(error) })
    }
  }
  return { restored, failed }
}

function report(restored: readonly Restored[], failed: readonly Failed[], { terminal, json }: CommandInput): void {
  if (json) return terminal.json({ meshes: restored, failed: failed.map(({ mesh, name, error }) => ({ mesh, name, code: error.code, message: error.message })) })
  for (const { name, member_name, role } of restored) terminal.out(cleanText(`You are back in the mesh ${name} as ${member_name} (${role}), on this machine as a new device.`))
  const others = [...new Set(restored.flatMap(({ other_devices }) => other_devices))]
  if (others.length > 0) terminal.out(`Your other devices are still let in: ${others.join(', ')}.\nOne that was lost or stolen reads and writes until it is removed: \`atoll device remove ID\`.`)
  for (const { name, error } of failed) terminal.err(cleanText(`${name}: not yet. ${error.message}`))
  if (failed.length > 0) terminal.err('Run the same command again for the rest.')
}
