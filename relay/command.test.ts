import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { command } from '../cli/commands/relay.ts'
import type { CommandInput } from '../cli/command.ts'

let home = ''
beforeEach(() => void (home = join(mkdtempSync(join(tmpdir(), 'atoll-relay-')), 'home')))
afterEach(() => rmSync(join(home, '..'), { recursive: true, force: true }))

type Ready = { addresses: string[]; http: string; peer: string }

function run(values: CommandInput['values'], json: boolean) {
  const printed: { out: string[]; err: string[]; json: unknown[] } = { out: [], err: [], json: [] }
  const abort = new AbortController()
  const done = command.run({
    positionals: [], values, json, home, env: {}, signal: abort.signal,
    terminal: {
      colour: false, interactive: false, columns: 80,
      out: (text) => void printed.out.push(text), err: (text) => void printed.err.push(text), json: (fields) => void printed.json.push(fields),
      stdin: (async function* () {})(),
    },
  })
  return { printed, done, abort: () => abort.abort() }
}

test('with --json it prints one document when it is ready, logs to the other stream, and stops when told to', async () => {
  const peers: string[] = []
  for (let starts = 0; starts < 2; starts++) {
    const { printed, done, abort } = run({ listen: '127.0.0.1:0' }, true)
    await vi.waitFor(() => expect(printed.json).toHaveLength(1))
    const ready = printed.json[0] as Ready
    expect(ready.addresses).toEqual([expect.stringMatching(/^\/ip4\/127.0.0.1\/tcp\/\d+\/p2p\/\w+$/), expect.stringMatching(/^\/ip4\/127.0.0.1\/tcp\/\d+\/ws\/p2p\/\w+$/)])
    for (const address of ready.addresses) expect(address).toContain(ready.peer)
    expect(await (await fetch(`${ready.http}/health`)).json()).toMatchObject({ ok: true })
    peers.push(ready.peer)
    abort()
    expect(await done).toBe(0)
    expect(printed.out).toEqual([])
    expect(printed.err.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(['ready', 'stopped'])
    expect(printed.json).toHaveLength(1)
  }
  expect(new Set(peers).size).toBe(1)
  expect(statSync(join(home, 'relay.key')).mode & 0o777).toBe(0o600)
})

test('without it says in words where it is and what to do next', async () => {
  const { printed, done, abort } = run({ listen: '127.0.0.1:0', announce: ['relay.example.org:4001'], key: join(home, 'own.key') }, false)
  await vi.waitFor(() => expect(printed.out).not.toEqual([]))
  expect(printed.out.join('\n')).toMatch(/\n {2}atoll create NAME --relay \/dns\/relay\.example\.org\/tcp\/4001\/p2p\/\w+\n/)
  abort()
  expect(await done).toBe(0)
})

test.each([
  [{ listen: '4001' }, 'bad_input', /should look like/],
  [{ listen: '127.0.0.1:0', announce: ['nowhere'] }, 'bad_input', /should look like/],
  [{ listen: '192.0.2.254:0' }, 'bad_input', /this machine has no such address|EADDRNOTAVAIL/],
  [{ listen: '127.0.0.1:0', key: '/dev/null/relay.key' }, 'profile_readonly', /cannot be written/],
] as const)('H1: %o is refused with %s', async (values, code, message) => {
  await expect(run(values, true).done).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string })
})
