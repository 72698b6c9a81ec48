/** A file of 1 GiB from one node to another over TCP, beside a bare libp2p stream that carries as much. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync, openSync, writeSync, fsyncSync, closeSync } from 'node:fs'
import { join } from 'node:path'
import { randomFillSync } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { runAtoll, startAtoll } from '../doubles/run-atoll.ts'
import { program, timed } from './measure.ts'
import { PeerProcess, scratch } from './peer-process.ts'
import type { Row } from './row.ts'

const bytes = 1024 ** 3
const mb = 1e6

export async function blobs(): Promise<readonly Row[]> {
  const folder = scratch()
  const path = join(folder, 'file.bin')
  writeNoise(path)
  // Before and after, since the machine is not alone.
  const bareBefore = await bareStream()
  const { fetch, share, save } = await throughPeers(path, folder)
  const bareAfter = await bareStream()
  const bare = (bareBefore + bareAfter) / 2
  const { sender, receiver } = await memory(path, folder)
  rmSync(folder, { recursive: true })
  return [
    { what: '1 GiB sealed and stored (share)', value: bytes / mb / share, unit: 'MB/s' },
    { what: '1 GiB from one node to another, verified and durable', value: bytes / mb / fetch, unit: 'MB/s', target: { at: '>=', value: 0.6 * (bytes / mb / bare) }, floor: { what: 'a bare libp2p stream', value: bytes / mb / bare } },
    { what: 'the same bytes opened and saved as a file', value: bytes / mb / save, unit: 'MB/s' },
    { what: 'most memory of the sender meanwhile', value: sender / mb, unit: 'MB', target: { at: '<=', value: 150 } },
    { what: 'most memory of the receiver meanwhile', value: receiver / mb, unit: 'MB', target: { at: '<=', value: 150 } },
  ]
}

/** Seconds for each step, in processes that run from source. */
async function throughPeers(path: string, folder: string): Promise<{ share: number; fetch: number; save: number }> {
  const homes = [scratch(), scratch()] as const
  try {
    await using a = await PeerProcess.start(homes[0])
    await using b = await PeerProcess.start(homes[1])
    await a.call('create', 'bench')
    await b.call('join', await a.call<string>('invite', 1))
    const { ms: share, value: id } = await timed(() => a.call<string>('share', path))
    await pause(1_000)
    const { ms: fetch } = await timed(() => b.call('fetch', id))
    const { ms: save } = await timed(() => b.call('save', id, join(folder, 'copy.bin')))
    if (!readFileSync(path).subarray(0, 1e8).equals(readFileSync(join(folder, 'copy.bin')).subarray(0, 1e8))) throw new Error('the copy is not the file')
    rmSync(join(folder, 'copy.bin'))
    return { share: share / 1000, fetch: fetch / 1000, save: save / 1000 }
  } finally {
    for (const home of homes) rmSync(home, { recursive: true, force: true })
  }
}

/** The most that two nodes of the built program have resident while one gets the file from the other, in bytes. */
async function memory(path: string, folder: string): Promise<{ sender: number; receiver: number }> {
  const homes = [scratch(), scratch()] as const
  const nodes = homes.map((home) => startAtoll(program, home, ['up', '--json', '--listen', '127.0.0.1:0']))
  try {
    for (const node of nodes) await node.saw('"socket"')
    await runAtoll(program, homes[0], ['create', 'bench', '--as', 'a', '--json'])
    const { link } = (await runAtoll(program, homes[0], ['invite', '--json'])).json() as { link: string }
    await runAtoll(program, homes[1], ['join', link, '--name', 'b', '--json'])
    const { id } = (await runAtoll(program, homes[0], ['share', path, '--json'])).json() as { id: string }
    await pause(2_000)
    for (const { child } of nodes) writeFileSync(`/proc/${child.pid}/clear_refs`, '5')
    const got = await runAtoll(program, homes[1], ['get', id, '--save-to', join(folder, 'copy.bin'), '--json'])
    if (got.status !== 0) throw new Error(got.stdout)
    const [sender = 0, receiver = 0] = nodes.map(({ child }) => 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]))
    return { sender, receiver }
  } finally {
    for (const node of nodes) {
      node.child.kill('SIGTERM')
      await node.finished
    }
    for (const home of homes) rmSync(home, { recursive: true, force: true })
  }
}

/** Seconds that a bare stream takes for as many bytes. */
async function bareStream(): Promise<number> {
  const child = join(import.meta.dirname, 'stream-child.ts')
  const listening = spawn(process.execPath, ['--no-warnings', child, String(bytes)], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [address] = (await once(listening.stdout, 'data')) as [Buffer]
    const sending = spawn(process.execPath, ['--no-warnings', child, String(bytes), String(address).trim()], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [seconds] = (await once(sending.stdout, 'data')) as [Buffer]
    return Number(String(seconds))
  } finally {
    listening.kill()
  }
}

/** Bytes of which no chunk comes twice. */
function writeNoise(path: string): void {
  const file = openSync(path, 'w')
  const block = Buffer.alloc(16 * 1024 * 1024)
  for (let at = 0; at < bytes; at += block.length) writeSync(file, randomFillSync(block))
  // As a file that was there before: the disk is not to be busy with it while the transfer is measured.
  fsyncSync(file)
  closeSync(file)
}
