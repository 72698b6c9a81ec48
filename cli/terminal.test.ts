import { describe, expect, it } from 'vitest'
import { Progress } from './progress.ts'
import { createTerminal } from './terminal.ts'

const stream = (isTTY: boolean) => {
  const written: string[] = []
  return { written, isTTY, columns: 60, write: (text: string) => void written.push(text) }
}
async function* none(): AsyncGenerator<Uint8Array> {}
const setup = (isTTY: boolean, env: Record<string, string> = {}) => {
  const stdout = stream(isTTY)
  const stderr = stream(isTTY)
  return { stdout, stderr, terminal: createTerminal({ stdin: none(), stdout, stderr }, env) }
}

describe('the terminal', () => {
  it('shows colours on a terminal only, without NO_COLOR and unless it is dumb', () => {
    expect(setup(true).terminal.colour).toBe(true)
    expect(setup(false).terminal.colour).toBe(false)
    expect(setup(true, { NO_COLOR: '1' }).terminal.colour).toBe(false)
    expect(setup(true, { TERM: 'dumb' }).terminal.colour).toBe(false)
  })

  it('prints one JSON document', () => {
    const { terminal, stdout } = setup(false)
    terminal.json({ a: 1 })
    expect(stdout.written).toEqual(['{"schema_version":"1.0","ok":true,"a":1}\n'])
  })

  it('keeps the changing line below what is printed', () => {
    const { terminal, stdout, stderr } = setup(true)
    terminal.status('working')
    terminal.out('line')
    terminal.status('')
    expect(stderr.written).toEqual(['working', '\r\u001b[K', 'working', '\r\u001b[K'])
    expect(stdout.written).toEqual(['line\n'])
  })
})

describe('progress', () => {
  it('off a terminal prints each new text once', () => {
    const { terminal, stderr } = setup(false)
    const progress = new Progress(terminal, () => 0)
    progress.update('waiting')
    progress.update('waiting')
    progress.update('verifying', 1, 10)
    progress.update('verifying', 2, 10)
    progress[Symbol.dispose]()
    expect(stderr.written).toEqual(['waiting\n', 'verifying 1 of 10\n'])
  })

  it('on a terminal says nothing in the first second, then what is going on, and takes it away', () => {
    const { terminal, stderr } = setup(true)
    let now = 0
    let draw = () => {}
    const progress = new Progress(terminal, () => now, (_, call) => {
      draw = call
      return { [Symbol.dispose]: () => (draw = () => {}) }
    })
    progress.update('verifying', 1, 10)
    now = 900
    draw()
    expect(stderr.written).toEqual([])
    now = 1_100
    draw()
    expect(stderr.written.at(-1)).toMatch(/verifying 1 of 10 \(1 s\)$/)
    progress[Symbol.dispose]()
    expect(stderr.written.at(-1)).toBe('\r\u001b[K')
  })
})
