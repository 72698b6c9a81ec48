import { expect, test } from 'vitest'
import { RendezvousTable } from './rendezvous-table.ts'

/** A table that speaks in names. */
function meetings(peersPerCode = 256) {
  const table = new RendezvousTable(peersPerCode)
  const text = new TextDecoder()
  const bytes = new TextEncoder()
  return {
    table,
    stand: (client: string, behind: string[], watch: string[]) => table.stand(client, bytes.encode(client), behind, watch),
    /** Everything that is due, as it would be sent. */
    told: () => {
      const said: string[] = []
      for (const client of table.due()) {
        for (let code = table.takeDue(client); code !== undefined; code = table.takeDue(client)) {
          said.push(`${client} ${code}: ${table.answer(client, code).map((peer) => text.decode(peer)).join(' ')}`)
        }
      }
      return said
    },
  }
}

test('who watches is told at once, and again when somebody comes or goes', () => {
  const { table, stand, told } = meetings()
  stand('alice', [], ['x'])
  expect(told()).toEqual(['alice x: '])
  stand('bob', ['x'], [])
  expect(told()).toEqual(['alice x: bob'])
  stand('carol', ['x'], ['x'])
  expect(told()).toEqual(['alice x: bob carol', 'carol x: bob'])
  table.leave('bob')
  expect(told()).toEqual(['alice x: carol', 'carol x: '])
})

test('what a client says replaces what it said before', () => {
  const { table, stand, told } = meetings()
  stand('alice', [], ['x', 'y'])
  stand('bob', ['x'], [])
  told()
  stand('bob', ['y'], [])
  expect(told()).toEqual(['alice y: bob', 'alice x: '])
  stand('alice', [], ['y'])
  expect(told()).toEqual(['alice y: bob'])
  stand('bob', ['x'], [])
  expect(told()).toEqual(['alice y: '])
  expect([table.codes, table.watchers]).toEqual([2, 1])
})

test('saying the same again repeats the answers and disturbs nobody else', () => {
  const { stand, told } = meetings()
  stand('alice', ['x'], ['x'])
  stand('bob', ['x'], ['x'])
  told()
  stand('bob', ['x'], ['x'])
  expect(told()).toEqual(['bob x: alice'])
})

test('many changes in a moment are one answer', () => {
  const { table, stand, told } = meetings()
  stand('alice', [], ['x'])
  for (const peer of ['b', 'c', 'd']) stand(peer, ['x'], [])
  table.leave('c')
  expect(told()).toEqual(['alice x: b d'])
})

test('T8: an answer holds the first peers of a code, and those behind them move up', () => {
  const { table, stand, told } = meetings(2)
  stand('alice', ['x'], ['x'])
  for (const peer of ['b', 'c', 'd']) stand(peer, ['x'], [])
  expect(told()).toEqual(['alice x: b c'])
  stand('e', ['x'], [])
  expect(told()).toEqual([])
  table.leave('e')
  expect(told()).toEqual([])
  table.leave('b')
  expect(told()).toEqual(['alice x: c d'])
})

test('T8: who leaves leaves nothing behind', () => {
  const { table, stand, told } = meetings()
  stand('alice', ['x', 'y'], ['x', 'z'])
  stand('bob', ['x'], ['x'])
  table.leave('alice')
  table.leave('bob')
  table.leave('bob')
  expect(told()).toEqual([])
  expect([table.codes, table.watchers]).toEqual([0, 0])
})
