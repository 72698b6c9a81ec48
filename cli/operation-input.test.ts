import { describe, expect, it } from 'vitest'
import { findOperation } from '../node/ops/index.ts'
import type { Operation } from '../node/ops/define.ts'
import { operationFlags, operationInput } from './operation-input.ts'
import { operationParams } from './operation-params.ts'
import { parseFlags } from './parse-flags.ts'
import { usageOf } from './usage.ts'

async function* none(): AsyncGenerator<Uint8Array> {}
const stdinOf = (text: string) =>
  (async function* () {
    // One byte at a time: characters may be cut anywhere.
    for (const byte of new TextEncoder().encode(text)) yield new Uint8Array([byte])
  })()

const input = async (name: string, args: readonly string[], stdin: AsyncIterable<Uint8Array> = none()) => {
  const operation = findOperation(name) as Operation
  const params = operationParams(operation)
  return operationInput(operation, params, parseFlags(args, operationFlags(operation, params)), stdin)
}
const usage = (name: string) => {
  const operation = findOperation(name) as Operation
  return usageOf(operation, operationParams(operation))
}

describe('arguments become input', () => {
  it('by place, by flag, joined, split, as JSON where it parses', async () => {
    expect(await input('state.set', ['k', '{"a":1}'])).toEqual({ key: 'k', value: { a: 1 } })
    expect(await input('state.set', ['k', '42'])).toEqual({ key: 'k', value: 42 })
    expect(await input('state.set', ['k', '042'])).toEqual({ key: 'k', value: '042' })
    expect(await input('state.set', ['k', ''])).toEqual({ key: 'k', value: '' })
    expect(await input('memory.remember', ['two', 'words', '--tags', 'a, b,,c', '--tags=d'])).toEqual({ content: 'two words', tags: ['a', 'b', 'c', 'd'] })
    expect(await input('message.send', ['bea', 'see', 'you', '--priority', 'now'])).toEqual({ to: 'bea', message: 'see you', priority: 'now' })
    expect(await input('mesh.create', ['crew', '--relay', '/a', '--relay', '/b', '--as', 'alex'])).toEqual({ name: 'crew', relays: ['/a', '/b'], as: 'alex' })
    expect(await input('invite.create', ['--uses', '3', '--expires', '2d'])).toEqual({ uses: 3, expires: '2d' })
  })

  it('from standard input where a dash says so, and only there', async () => {
    expect(await input('memory.remember', ['-'], stdinOf('größer\nzweite Zeile\n'))).toEqual({ content: 'größer\nzweite Zeile' })
    expect(await input('state.set', ['-', '-'], stdinOf('[1]'))).toEqual({ key: '-', value: [1] })
    await expect(input('mesh.join', ['-'], (async function* () { yield new Uint8Array([0xff]) })())).rejects.toThrow('not UTF-8')
  })

  it('H1 or are refused with the usage line', async () => {
    await expect(input('state.get', [])).rejects.toThrow('KEY is missing. Usage: atoll state get KEY')
    await expect(input('state.set', ['k', 'two', 'words'])).rejects.toThrow('from “words” on. Put quotes around text with spaces')
    await expect(input('invite.create', ['--uses', 'three'])).rejects.toThrow('--uses must be a number, not “three”')
    await expect(input('message.inbox', ['--wait-seconds', '3'])).rejects.toThrow('There is no flag --wait-seconds')
  })

  it('usage lines read as in the manual', () => {
    expect(usage('mesh.create')).toBe('atoll create NAME [--relay ADDR]… [--as NAME] [--history all|none]')
    expect(usage('invite.create')).toBe('atoll invite [--uses N] [--expires TIME] [--role owner|admin|member|guest|service|mirror] [--approve] [--group NAME]… [--messages everyone|mentions|none] [--email] [--history all|since|none]')
    expect(usage('memory.recall')).toBe('atoll recall WORDS… [--limit LIMIT] [--tags TAGS]…')
    expect(usage('member.remove')).toBe('atoll member remove NAME [--preview] [--yes]')
    expect(usage('mesh.join')).toBe('atoll join LINK [--name NAME] [--wait]')
  })
})
