import { expect, test } from 'vitest'
import type { Operation } from '../define.ts'
import { operations } from '../index.ts'
import { kindsSaid, madeBy } from './made-by.ts'

/** Operations that may change something, and leave no entry of their own in any log. */
const withoutEntries = ['node.stop', 'config.set', 'config.unset', 'mesh.use', 'peer.ping', 'member.verify', 'device.link', 'device.wait', 'device.refuse', 'session.set-summary', 'session.set-status', 'session.defaults', 'message.status', 'message.watch', 'audit.watch', 'document.export', 'invite.refuse']

test('every operation that may write is known by what it writes, and none is named that there is not', () => {
  const named = new Set(Object.values(madeBy).flat())
  const writing = (operations as readonly Operation[]).filter(({ permission }) => !/\.(read|list)$/.test(permission)).map(({ name }) => name)
  expect(writing.filter((name) => !named.has(name) && !withoutEntries.includes(name))).toEqual([])
  expect([...named].filter((name) => !(operations as readonly Operation[]).some((operation) => operation.name === name))).toEqual([])
})

test('what is asked for is said by all of a kind, an operation, its noun, or the kind', () => {
  expect(kindsSaid('membership')).toContain('admitted')
  expect(kindsSaid('membership')).not.toContain('state_set')
  expect([...(kindsSaid('state') ?? [])]).toEqual(['state_set', 'state_deleted'])
  expect([...(kindsSaid('file.grant') ?? [])]).toEqual(['file_opened'])
  expect([...(kindsSaid('keys_changed') ?? [])]).toEqual(['keys_changed'])
  expect(kindsSaid('nonsense')).toBeUndefined()
})
