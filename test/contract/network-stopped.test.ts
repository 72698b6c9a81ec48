import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { DeviceId } from '../../crdt/wire/ids.ts'
import { libp2pPeer, until } from './network-libp2p-world.ts'
import { RelayOnLoopback } from './network-relay.ts'

const frameBytes = 128 * 1024

test('T8: over WebRTC too, a reader that takes nothing costs its sender a bounded memory, then the stream', { timeout: 60_000 }, async () => {
  await using relay = await RelayOnLoopback.start()
  const child = fork(join(import.meta.dirname, 'stopped-peer-child.ts'), [relay.address], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: ['--no-warnings'] })
  try {
    const [device] = (await once(child, 'message')) as [DeviceId]
    await using peer = await libp2pPeer({ listen: [], listenWs: [] })
    peer.acquaint({ has: () => true, all: () => [] })
    peer.useRelays([relay.address])
    await until(() => peer.relays()[0]?.reserved === true, 'a reservation')
    await vi.waitFor(() => peer.open(device, '/atoll/contract/1', new AbortController().signal), { timeout: 20_000 })
    await until(() => peer.path(device).path === 'direct:webrtc', 'WebRTC')
    const stream = await peer.open(device, '/atoll/contract/1', new AbortController().signal)
    expect(stream.path).toBe('direct:webrtc')
    const closed: string[] = []
    stream.onClose((why) => closed.push(why))
    child.kill('SIGSTOP')
    let sent = 0
    for (; closed.length === 0 && sent < 256 * 1024 * 1024; sent += frameBytes) {
      stream.send(new Uint8Array(frameBytes))
      await new Promise((turn) => setImmediate(turn))
    }
    expect(closed).toEqual(['the other side takes nothing: too much is unsent'])
    expect(sent).toBeLessThanOrEqual(16 * 1024 * 1024)
  } finally {
    child.kill('SIGKILL')
  }
})
