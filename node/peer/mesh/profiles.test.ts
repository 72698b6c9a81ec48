import { expect, test } from 'vitest'
import { profileRegister } from '../../../crdt/docs/need.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { ReplicaWorld } from '../../../test/doubles/replica-world.ts'
import { AtollError } from '../../ports/errors.ts'
import { Names } from './names.ts'
import { profileChange, readProfile } from './profiles.ts'

const codeOf = (call: () => unknown): string => {
  try {
    call()
    return 'done'
  } catch (error) {
    return error instanceof AtollError ? error.code : String(error)
  }
}

test('T8: each field has its bound, in bytes, at and over its edge', async () => {
  const world = new ReplicaWorld('bounds')
  const alice = await world.found()
  const names = new Names(alice.replica)
  const type = (field: 'name' | 'title' | 'bio' | 'avatar' | 'capabilities', text: string): string => codeOf(() => profileChange(names, alice.member, field, text))
  for (const [field, limit] of [['title', limits.titleBytes], ['bio', limits.bioBytes], ['avatar', limits.avatarBytes], ['capabilities', limits.capabilityBytes]] as const) {
    expect([type(field, 'é'.repeat(limit / 2)), type(field, `${'é'.repeat(limit / 2)}x`)], `${field}`).toEqual(['done', 'value_too_large'])
  }
  const words = (count: number): string => Array.from({ length: count }, (_, i) => `word ${i}`).join()
  expect([type('capabilities', words(limits.capabilitiesPerMember)), type('capabilities', words(limits.capabilitiesPerMember + 1))]).toEqual(['done', 'bad_input'])
  expect([type('name', 'x'.repeat(limits.nameBytes)), type('name', 'x'.repeat(limits.nameBytes + 1)), type('name', '')]).toEqual(['done', 'name_invalid', 'name_invalid'])
})

test('P4 T8: what a peer wrote into a field and does not fit its shape is as good as not there', async () => {
  const world = new ReplicaWorld('shapes')
  const alice = await world.found()
  const write = async (field: 'title' | 'bio' | 'avatar' | 'capabilities', value: unknown): Promise<unknown> => {
    await world.set(alice, profileRegister(alice.member, field), value, 'members')
    return readProfile(alice.replica, alice.member)[field]
  }
  expect([await write('title', 'keeper'), await write('title', 7), await write('title', ''), await write('title', 'x'.repeat(limits.titleBytes + 1))]).toEqual(['keeper', null, null, null])
  expect([await write('bio', { text: 'x' }), await write('avatar', 'x'.repeat(limits.avatarBytes + 1))]).toEqual([null, null])
  expect([await write('capabilities', ['a', 'b']), await write('capabilities', ['a', 1]), await write('capabilities', 'a')]).toEqual([['a', 'b'], [], []])
  const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`)
  expect([(await write('capabilities', many(limits.capabilitiesPerMember)) as string[]).length, await write('capabilities', many(limits.capabilitiesPerMember + 1))]).toEqual([limits.capabilitiesPerMember, []])
})

test('P4: a field that is cleared or set again is one change of its own register', async () => {
  const world = new ReplicaWorld('change')
  const alice = await world.found()
  const names = new Names(alice.replica)
  expect(profileChange(names, alice.member, 'title', '  keeper ')).toEqual({ type: 'set', doc: 'members', key: `${alice.member}/title`, value: '"keeper"' })
  expect(profileChange(names, alice.member, 'title', ' ')).toEqual({ type: 'delete', doc: 'members', key: `${alice.member}/title` })
  expect(profileChange(names, alice.member, 'capabilities', 'a, b,,a')).toEqual({ type: 'set', doc: 'members', key: `${alice.member}/capabilities`, value: '["a","b"]' })
  expect(profileChange(names, alice.member, 'name', 'alice')).toEqual({ type: 'set', doc: 'members', key: alice.member, value: '{"name":"alice"}' })
})
