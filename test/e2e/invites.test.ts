/** Invites with all that belongs to them, by the program as people use it. */
import { expect, it, vi } from 'vitest'
import { runAtoll, startAtoll } from '../doubles/run-atoll.ts'
import { built, World, type Answer, type Person } from './world.ts'

const numberIn = (said: string): string | undefined => /your number: ((?:\d{5} ){5}\d{5})/.exec(said)?.[1]

async function requests(person: Person): Promise<readonly Answer[]> {
  return (await person.does('invite', 'requests'))['requests'] as Answer[]
}

it('I1 I2 I3 I4: a link by e-mail, join from standard input, Ctrl-C while waiting, approval, groups, confirmation', async () => {
  await using world = new World()
  const relay = await world.relay()
  const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((name) => world.node(name))) as [Person, Person, Person]
  await alice.does('create', 'reef', '--as', 'alice', '--relay', relay.address)
  const plain = await alice.does('invite')
  expect(plain).toMatchObject({ approve: false, email: null })
  await carol.does('join', plain['link'] as string, '--name', 'carol')
  expect(await carol.fails('invite', 'requests')).toMatchObject({ code: 'not_permitted', status: 4 })

  const invite = await alice.does('invite', '--approve', '--group', 'docs', '--messages', 'mentions', '--email')
  const link = invite['link'] as string
  expect(invite).toMatchObject({ approve: true, groups: ['docs'], messages: 'mentions', email: { subject: 'alice invites you to reef on Atoll' } })
  expect((invite['email'] as Answer)['body']).toContain(`\n${link}\n`)

  const waiting = startAtoll(built.program, bob.home, ['join', link, '--name', 'bob', '--json'], built)
  const number = numberIn(await waiting.saw('your number: ', 'stderr'))
  expect(await requests(alice)).toMatchObject([{ number, name: 'bob', here: true, invited_by: 'alice' }])
  expect((await alice.does('status'))['warnings']).toEqual([expect.stringContaining('atoll invite requests')])
  waiting.child.kill('SIGINT')
  await waiting.finished
  await vi.waitFor(async () => expect(await requests(alice)).toMatchObject([{ number, here: false }]), { timeout: 30_000 })

  const again = runAtoll(built.program, bob.home, ['join', '-', '--name', 'bob', '--json'], { ...built, stdin: `${link}\n` })
  await vi.waitFor(async () => expect(await requests(alice)).toMatchObject([{ number, here: true }]), { timeout: 30_000 })
  expect(await alice.fails('invite', 'approve', number!)).toMatchObject({ code: 'confirm_needed', status: 2 })
  expect(await alice.does('invite', 'approve', number!, '--preview')).toMatchObject({ name: 'bob', done: false })
  expect(await alice.does('invite', 'approve', number!, '--yes')).toMatchObject({ name: 'bob', done: true })
  const joined = await again
  expect([joined.status, JSON.parse(joined.stdout)]).toMatchObject([0, { name: 'reef', member_name: 'bob', note: expect.stringContaining('the group docs') as string }])
  expect(await bob.does('session', 'defaults')).toMatchObject({ groups: ['docs'], messages: 'mentions' })

  const confirmed = async (): Promise<Record<string, boolean>> => Object.fromEntries(((await bob.does('member', 'list'))['members'] as Answer[]).map((one) => [one['name'] as string, one['confirmed'] as boolean]))
  await vi.waitFor(async () => expect(await confirmed()).toEqual({ alice: true, bob: true, carol: false }), { timeout: 30_000 })
  expect(await carol.fails('member', 'confirm', 'carol')).toMatchObject({ code: 'bad_input', status: 2 })
  expect(await alice.does('member', 'confirm', 'carol')).toMatchObject({ before: false, confirmed: true })
  await vi.waitFor(async () => expect(await confirmed()).toEqual({ alice: true, bob: true, carol: true }), { timeout: 30_000 })
  expect(await alice.prints('invite', 'list')).toMatch(/docs/)
}, 180_000)
