import { expect, test } from 'vitest'
import type { RelayState } from '../../ports/services.ts'
import { findings } from './net-check.ts'
import { pathAdvice, type WayKnown } from './path-advice.ts'

const relay: RelayState = { address: '/dns/relay.example.org/tcp/4001/p2p/R', connected: true, reserved: true, rtt_ms: 12.4, error: null }
const down: RelayState = { ...relay, connected: false, reserved: false, rtt_ms: null, error: 'connection refused: nothing listens there' }
const way: WayKnown = { name: 'bea', path: 'relayed', network: 'on', webrtc: 'on', relays: [relay], attempts: [], ownNat: 'ordinary', theirNat: 'ordinary', notTalkedTo: null, clockAheadMs: 0 }
const said = (more: Partial<WayKnown>): string => pathAdvice({ ...way, ...more }).join('\n')

test('H1: what stands between two peers is said in words, with what would help', () => {
  expect(said({ ownNat: 'symmetric', theirNat: 'symmetric' })).toMatch(/Here is a symmetric NAT.*bea’s side a symmetric NAT[^]*IPv6 on both sides, or a port opened/)
  expect(said({ theirNat: 'udp-blocked' })).toMatch(/bea’s side a network that lets no UDP through[^]*TCP on one side/)
  expect(said({ webrtc: 'off' })).toMatch(/atoll config set webrtc on/)
  expect(said({ attempts: [{ kind: 'direct:webrtc', address: null, outcome: 'failed', why: 'timed out' }] })).toMatch(/tried and failed.*tried again/)
  expect(said({})).toMatch(/looked for now/)
  expect(said({ path: 'none', relays: [] })).toMatch(/no relay.*atoll relay add/)
  expect(said({ path: 'none', relays: [down] })).toMatch(/not usable from here: connection refused/)
  expect(said({ path: 'none' })).toMatch(/bea is not at the relay either.*no relay is in common/)
  expect(said({ path: 'none', network: 'off' })).toBe('The network is switched off here: `atoll config set network on`.')
})

test('a clock that is wrong is said, whatever the path; a good way needs no advice', () => {
  expect(said({ path: 'direct:tcp' })).toBe('')
  expect(said({ path: 'direct:tcp', clockAheadMs: 30_000 })).toBe('')
  expect(said({ path: 'direct:tcp', clockAheadMs: 600_000 })).toMatch(/10 min ahead of yours/)
  expect(said({ path: 'direct:webrtc', clockAheadMs: -3 * 86_400_000 })).toMatch(/3 days behind yours/)
})

test('H1: a check of the network says what is wrong first, and what to do about it', () => {
  const settings = { network: 'on', webrtc: 'on', lan_discovery: 'on' } as const
  const facts = { families: [{ family: 4 as const, addresses: ['192.168.1.2'], nat: 'ordinary' as const, seen: '11.0.0.2:4000' }], stun: [true] }
  const tones = (all: ReturnType<typeof findings>): string => all.map(({ tone }) => tone).join(' ')
  expect(tones(findings({ facts, relays: [relay], settings, listens: true }))).toBe('good good good good good')
  const portal = findings({ facts, relays: [{ ...down, error: 'something else answers there' }], settings, listens: true })
  expect(portal[0]).toMatchObject({ tone: 'bad', advice: expect.stringContaining('captive portal') as string })
  const blocked = findings({ facts: { families: [{ ...facts.families[0]!, nat: 'udp-blocked', seen: null }], stun: [false] }, relays: [relay], settings, listens: false })
  expect(tones(blocked)).toBe('warn warn warn good good good')
  expect(blocked.every(({ tone, advice }) => tone === 'good' || advice !== null)).toBe(true)
  expect(findings({ facts: { families: [], stun: [] }, relays: [], settings, listens: true })).toMatchObject([{ tone: 'bad' }])
  expect(findings({ facts, relays: [relay], settings: { ...settings, network: 'off' }, listens: true })).toHaveLength(1)
})
