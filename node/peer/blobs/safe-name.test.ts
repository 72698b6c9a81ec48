import { expect, test } from 'vitest'
import { safeName } from './safe-name.ts'

test('B5: a name that a peer chose is one component, without control characters, and means no device', () => {
  const named: Readonly<Record<string, string>> = {
    'report.pdf': 'report.pdf',
    '../../etc/passwd': '.._.._etc_passwd',
    '/etc/passwd': '_etc_passwd',
    'C:\\Windows\\x': 'C__Windows_x',
    'a\u0000b\nc\u202ed': 'abcd',
    '..': 'file',
    '.': 'file',
    '': 'file',
    ' . ': 'file',
    'con.txt': '_con.txt',
    'LPT1': '_LPT1',
    'end. ': 'end',
    '\ud800x': '\ufffdx',
    'Größe 東京.txt': 'Größe 東京.txt',
  }
  for (const [name, safe] of Object.entries(named)) expect([name, safeName(name)]).toEqual([name, safe])
  const long = safeName(`${'東'.repeat(300)}.tar.gz`)
  expect(new TextEncoder().encode(long).length).toBeLessThanOrEqual(200)
  expect(long).toMatch(/^東+\.tar\.gz$|^東+\.gz$/)
})
