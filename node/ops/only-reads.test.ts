import { expect, test } from 'vitest'
import type { Operation } from './define.ts'
import { operations } from './index.ts'
import { onlyReads } from './only-reads.ts'

test('what only reads is known of every operation', () => {
  const reading = (operations as readonly Operation[]).filter((operation) => onlyReads(operation, {})).map(({ name }) => name)
  expect(reading.sort()).toEqual([
    'audit.query', 'audit.undone', 'audit.verify', 'audit.void', 'config.get', 'config.list', 'device.list', 'document.export', 'document.list', 'document.show', 'file.list', 'file.status', 'grant.list', 'invite.list', 'invite.requests', 'key.schedule', 'member.list', 'member.permissions', 'member.verify', 'memory.recall', 'mesh.info', 'mesh.list', 'mesh.stats',
    'message.status', 'node.metrics', 'node.netcheck', 'node.status', 'peer.explain', 'peer.list', 'profile.show', 'recovery.facts', 'relay.list', 'session.defaults', 'state.get', 'state.history', 'state.list', 'token.list',
  ])
})

test('an inbox is only read where the messages stay in it and none is waited for', () => {
  const inbox = (operations as readonly Operation[]).find(({ name }) => name === 'message.inbox') as Operation
  const inputs = [{ peek: true }, {}, { peek: true, wait: true }, { peek: true, wait_seconds: 1 }, { peek: true, wait_seconds: 0 }]
  expect(inputs.map((input) => onlyReads(inbox, input))).toEqual([true, false, false, false, true])
})
