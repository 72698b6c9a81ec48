import { execFileSync, spawnSync } from 'node:child_process'
import { describe, expect, it, vi } from 'vitest'
import { requires } from '../requires.ts'
import { openLab, type Lab } from './lab.ts'
import { ownNamespaces } from './namespace.ts'
import type { Nat } from './nat-rules.ts'
import { Probe } from './probe.ts'

const patience = { timeout: 10_000, interval: 20 }
const [inner, service, otherPort] = [5000, 6000, 6001]

async function probes<const Names extends readonly string[]>(lab: Lab, ...names: Names): Promise<{ [_ in keyof Names]: Probe }> {
  return (await Promise.all(names.map((name) => Probe.on(lab.machine(name))))) as { [_ in keyof Names]: Probe }
}

const heardBy = (probe: Probe): readonly string[] => probe.heard.map(({ text }) => text)

/** As RFC 4787 says it: whether all destinations see one port, and who gets in through it. */
const kinds: readonly (readonly [nat: Nat, onePort: boolean, letsIn: readonly string[]])[] = [
  ['none', true, ['stranger', 'other port', 'who was asked']],
  ['endpoint-independent', true, ['stranger', 'other port', 'who was asked']],
  ['port-restricted', true, ['who was asked']],
  ['symmetric', false, ['who was asked']],
]

describe.skipIf(!requires('netns', 'nftables'))('the laboratory of NATs', () => {
  it.each(kinds)('%s maps and filters as its name says', async (nat, onePort, letsIn) => {
    await using lab = await openLab({ places: { one: {}, two: {}, third: {} }, sites: { home: { nat, machines: ['host'] } } })
    const [host, one, two, third] = await probes(lab, 'host', 'one', 'two', 'third')
    await Promise.all([host.bind(inner), host.serve(inner), one.bind(service), one.bind(otherPort), two.bind(service), third.bind(service)])
    for (const server of [one, two]) {
      await host.send(inner, server.machine.address, service, 'hello')
      await vi.waitFor(() => expect(heardBy(server)).toEqual(['hello']), patience)
    }
    const [{ from } = expect.fail(), { from: other } = expect.fail()] = [...one.heard, ...two.heard]
    expect(from.address === host.machine.address).toBe(nat === 'none')
    expect(from.port === other.port).toBe(onePort)
    await third.send(service, from.address, from.port, 'stranger')
    await one.send(otherPort, from.address, from.port, 'other port')
    // Sent last, and what gets in stays in order: all that could come has come.
    await vi.waitFor(async () => {
      await one.send(service, from.address, from.port, 'who was asked')
      expect(heardBy(host)).toContain('who was asked')
    }, patience)
    expect([...new Set(heardBy(host))]).toEqual(letsIn)
    expect(await third.call(from.address, inner, 300)).toBe(nat === 'none' ? 'open' : 'ABORT_ERR')
  })

  it('blocks UDP, and has the one family of addresses that was asked for', async () => {
    await using lab = await openLab({
      places: { server: {} },
      sites: { office: { nat: 'port-restricted', machines: ['blocked'], udpBlocked: true }, new: { nat: 'port-restricted', machines: ['six'], families: ['ipv6'] } },
    })
    const [server, blocked, six] = await probes(lab, 'server', 'blocked', 'six')
    const [ipv4 = '', ipv6 = ''] = server.machine.addresses
    await Promise.all([server.serve(service, '::'), server.bind(service), blocked.bind(inner)])
    await blocked.send(inner, ipv4, service, 'lost', 3)
    expect(await blocked.call(ipv4, service)).toBe('open')
    expect(server.heard).toEqual([])
    expect([await blocked.call(ipv6, service), await six.call(ipv4, service)]).toEqual(['EADDRNOTAVAIL', 'ENETUNREACH'])
    expect(await six.call(ipv6, service)).toBe('open')
    for (const [probe, without] of [[blocked, '-6'], [six, '-4']] as const) expect(await probe.machine.namespace.run('ip', without, 'address', 'show', 'dev', 'eth0')).toBe('')
  })

  it('cuts and restores the way to the internet, takes interfaces down and up, and moves machines', async () => {
    await using lab = await openLab({ places: { server: {} }, sites: { home: { nat: 'port-restricted', machines: ['host'] }, train: { nat: 'symmetric', machines: [] } } })
    const [server, host] = await probes(lab, 'server', 'host')
    await server.serve(service)
    const call = (): Promise<string> => host.call(server.machine.address, service, 300)
    await lab.site('home').cut()
    expect(await call()).toBe('ABORT_ERR')
    await lab.site('home').restore()
    expect(await call()).toBe('open')
    await host.machine.down()
    expect(await call()).toBe('ENETUNREACH')
    await host.machine.up()
    expect(await call()).toBe('open')
    const seen = [host.machine.address]
    for (const site of ['home', 'train']) {
      await lab.site(site).admit(host.machine)
      seen.push(host.machine.address)
      expect(await call()).toBe('open')
    }
    expect(new Set(seen).size).toBe(3)
  })

  it('loses as many packets as it was told to', async () => {
    await using lab = await openLab({ places: { server: {} }, sites: { home: { nat: 'port-restricted', machines: ['host'], lossPercent: 20 } } })
    const [server, host] = await probes(lab, 'server', 'host')
    await Promise.all([server.bind(service), host.bind(inner)])
    await host.send(inner, server.machine.address, service, 'x', 1000)
    await vi.waitFor(async () => {
      await host.send(inner, server.machine.address, service, 'the end')
      expect(heardBy(server)).toContain('the end')
    }, patience)
    // Six standard deviations either way.
    expect(heardBy(server).filter((text) => text === 'x').length).toSatisfy((count: number) => count > 720 && count < 880)
  })

  it('leaves nothing behind, and takes away what killed runs have left', async () => {
    const { pid } = spawnSync('true')
    const left = `atoll-lab-${pid}-0-left`
    execFileSync('ip', ['netns', 'add', left])
    const first = await openLab({ places: { server: {} }, sites: { home: { nat: 'symmetric', machines: ['host'] } } })
    expect(execFileSync('ip', ['netns', 'list']).toString()).not.toContain(left)
    await using second = await openLab({ places: { server: {} } })
    await Probe.on(first.machine('host'))
    expect(await ownNamespaces()).toHaveLength(6)
    await first[Symbol.asyncDispose]()
    expect(await ownNamespaces()).toHaveLength(2)
    await Probe.on(second.machine('server'))
  })
})

describe.skipIf(!requires('netns', 'nftables', 'vxlan'))('slow cables of the laboratory', () => {
  it('take their time in either direction, once for each cable', async () => {
    await using lab = await openLab({ places: { near: {}, far: { latencyMs: 40 } }, sites: { home: { nat: 'port-restricted', machines: ['host'], latencyMs: 30, mtu: 1400 } } })
    const [near, far, host] = await probes(lab, 'near', 'far', 'host')
    await Promise.all([near.serve(service), far.serve(service)])
    for (const [server, roundTripMs] of [[near, 60], [far, 140]] as const) {
      const took: number[] = []
      for (let i = 0; i < 5; i++) {
        const began = performance.now()
        expect(await host.call(server.machine.address, service)).toBe('open')
        took.push(performance.now() - began)
      }
      expect(Math.min(...took)).toSatisfy((ms: number) => ms >= roundTripMs && ms < roundTripMs + 30)
    }
  })
})
