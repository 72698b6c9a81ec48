/** A file over a relay and over WebRTC, each beside the same bytes sent bare over the same kind of way. */
import { fork, spawn } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { timed } from './measure.ts'
import { PeerProcess, scratch } from './peer-process.ts'
import type { Row } from './row.ts'

const bytes = 128 * 1024 * 1024
const mb = 1e6
const child = (name: string): string => join(import.meta.dirname, name)

export async function paths(): Promise<readonly Row[]> {
  const folder = scratch()
  const path = join(folder, 'file.bin')
  writeFileSync(path, randomFillSync(Buffer.alloc(bytes)))
  const relay = spawn(process.execPath, ['--no-warnings', child('relay-child.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(relay.stdout, 'data')) as [Buffer]
    const address = String(line).trim()
    const circuit = await bareCircuit(address)
    const relayed = await fileOver(address, path, 'relayed')
    const channel = await bareChannel()
    const punched = await fileOver(address, path, 'direct:webrtc')
    return [
      { what: 'a file through a relay, verified and durable', value: bytes / mb / relayed, unit: 'MB/s', target: { at: '>=', value: (0.8 * bytes) / mb / circuit }, floor: { what: 'a bare circuit', value: bytes / mb / circuit } },
      { what: 'a file over WebRTC, verified and durable', value: bytes / mb / punched, unit: 'MB/s', target: { at: '>=', value: (0.7 * bytes) / mb / channel }, floor: { what: 'a bare data channel', value: bytes / mb / channel } },
    ]
  } finally {
    relay.kill()
    rmSync(folder, { recursive: true })
  }
}

/** Seconds for the file between two peers that nobody can dial. */
async function fileOver(relay: string, path: string, way: 'relayed' | 'direct:webrtc'): Promise<number> {
  const homes = [scratch(), scratch()] as const
  const flags = { listen: '', webrtc: way === 'relayed' ? 'off' : 'on' }
  try {
    await using a = await PeerProcess.start(homes[0], flags)
    await using b = await PeerProcess.start(homes[1], flags)
    await a.call('create', 'bench', [relay])
    await b.call('join', await a.call<string>('invite', 1))
    const id = await a.call<string>('share', path)
    for (const peer of [a, b]) while ((await peer.call<string>('path')) !== way) await pause(100)
    await pause(2_000)
    const { ms } = await timed(() => b.call('fetch', id))
    return ms / 1000
  } finally {
    for (const home of homes) rmSync(home, { recursive: true, force: true })
  }
}

/** Seconds for as many bytes on a bare stream through the relay. */
async function bareCircuit(relay: string): Promise<number> {
  const listening = spawn(process.execPath, ['--no-warnings', child('stream-child.ts'), String(bytes), '', relay], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [address] = (await once(listening.stdout, 'data')) as [Buffer]
    const sending = spawn(process.execPath, ['--no-warnings', child('stream-child.ts'), String(bytes), String(address).trim(), relay], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [seconds] = (await once(sending.stdout, 'data')) as [Buffer]
    return Number(String(seconds))
  } finally {
    listening.kill()
  }
}

/** Seconds for as many bytes on a bare data channel. */
async function bareChannel(): Promise<number> {
  const ends = [['dial'], []].map((role) => fork(child('channel-child.ts'), [String(bytes), ...role], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: ['--no-warnings'] }))
  const [dialler, answerer] = ends as [(typeof ends)[0], (typeof ends)[0]]
  const { promise, resolve } = Promise.withResolvers<number>()
  dialler.on('message', (said: { readonly seconds?: number }) => (said.seconds === undefined ? answerer.send(said) : resolve(said.seconds)))
  answerer.on('message', (said: object) => dialler.send(said))
  try {
    return await promise
  } finally {
    for (const end of ends) end.kill('SIGKILL')
  }
}
