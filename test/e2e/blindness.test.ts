/**
 * The relay can read nothing: a canary goes through every operation between two nodes that can only meet through it,
 * then the relay's memory, disk and logs and every packet on the wire are searched for it, and for every name.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { requires } from '../requires.ts'
import { filesIn, holds, processMemory } from './search-process.ts'
import { World } from './world.ts'

describe.skipIf(!requires('root', 'tcpdump'))('blindness', () => {
  it('T1: no canary and no name is in the relay’s memory, disk or logs, nor in any packet', async () => {
    await using world = new World()
    const capture = join(world.root, 'packets.pcap')
    const tcpdump = spawn('tcpdump', ['-Z', 'root', '--immediate-mode', '-i', 'lo', '-U', '-s', '0', '-w', capture, 'tcp'], { stdio: ['ignore', 'ignore', 'pipe'] })
    await new Promise<void>((resolve) => tcpdump.stderr.on('data', (chunk: Buffer) => chunk.includes('listening') && resolve()))

    const canary = (what: string): string => `CANARY-${what}-6f1e`
    const names = ['Ada-NAME-93', 'Grace-NAME-94', 'Mesh-NAME-95']
    const relay = await world.relay()
    const ada = await world.node('a', { listen: '' })
    const grace = await world.node('b', { listen: '' })
    await ada.does('create', names[2] as string, '--as', names[0] as string, '--relay', relay.address)
    const { link } = await ada.does('invite')
    await grace.does('join', link as string, '--name', names[1] as string)
    await grace.inSync(1)
    expect(((await ada.does('peers'))['peers'] as { you: boolean; path: string }[]).find(({ you }) => !you)?.path).toBe('relayed')

    await ada.does('state', 'set', canary('key'), JSON.stringify(canary('value')))
    await ada.does('state', 'set', canary('gone'), '1')
    await ada.does('state', 'delete', canary('gone'))
    const { id } = await grace.does('remember', canary('note'), '--tags', canary('tag').toLowerCase())
    await grace.does('forget', id as string)
    await grace.does('remember', `${canary('note')} again`)
    await ada.does('doc', 'create', canary('title'), '--text', canary('text'))
    await grace.inSync(1)
    await grace.does('doc', 'append', canary('title'), canary('line'))
    await ada.does('send', names[1] as string, canary('direct'))
    await ada.does('send', '*', canary('broadcast'))
    await grace.inSync(1)
    expect((await grace.does('state', 'get', canary('key')))['value']).toBe(canary('value'))
    expect(JSON.stringify(await grace.does('inbox'))).toContain(canary('direct'))
    expect(JSON.stringify(await ada.does('recall', canary('note').toLowerCase()))).toContain(canary('note'))
    expect((await ada.does('doc', 'show', canary('title')))['text']).toBe(`${canary('text')}\n${canary('line')}`)
    await ada.does('member', 'list')
    await ada.does('info')
    // Something in the clear on the same wire, to know that the capture would show it.
    await talkInTheClear('PLAIN-CONTROL-6f1e')

    const secrets = [...names, 'CANARY-', (await ada.does('info'))['mesh'] as string, link as string]
    const memory = processMemory(relay.running.child.pid as number)
    const own = processMemory(ada.running?.child.pid as number)
    relay.running.child.kill('SIGTERM')
    const { stdout, stderr } = await relay.running.finished
    tcpdump.kill('SIGINT')
    await new Promise((resolve) => tcpdump.once('close', resolve))
    const packets = readFileSync(capture)

    expect(own.some((region) => holds(region, 'CANARY-')), 'the search finds what is there: the node’s own memory').toBe(true)
    expect(holds(packets, 'PLAIN-CONTROL-6f1e'), 'the capture holds what was sent in the clear').toBe(true)
    for (const secret of secrets) {
      expect(memory.some((region) => holds(region, secret)), `the relay’s memory holds ${secret}`).toBe(false)
      expect(holds(packets, secret), `a packet holds ${secret}`).toBe(false)
      expect(holds(Buffer.from(stdout + stderr), secret), `the relay’s output holds ${secret}`).toBe(false)
      for (const file of filesIn(relay.home)) expect(holds(readFileSync(file), secret), `${file} holds ${secret}`).toBe(false)
    }
  })
})

async function talkInTheClear(text: string): Promise<void> {
  const server = createServer((socket) => socket.pipe(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1')
  socket.write(text)
  await new Promise((resolve) => socket.once('data', resolve))
  socket.destroy()
  server.close()
}
