import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test, vi } from 'vitest'

const patience = { timeout: 60_000, interval: 20 }

/** A child of this folder with what it has said, line by line. */
class Child implements Disposable {
  readonly process: ChildProcess
  readonly lines: string[] = []
  readonly ended: Promise<unknown>
  errors = ''

  constructor(script: string, folder: string, heard: (line: string) => void = () => undefined) {
    this.process = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, script), folder], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.ended = once(this.process, 'close')
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text))
    // Whoever has ended is not told any more; how it ended is looked at.
    this.process.stdin?.on('error', () => undefined)
    if (this.process.stdout) createInterface({ input: this.process.stdout }).on('line', (line) => (this.lines.push(line), heard(line)))
  }

  [Symbol.dispose](): void {
    this.process.kill('SIGKILL')
  }
}

test('B7 D1: two processes that read see every chunk that is needed, whole, while a third writes, collects, is killed and starts again', { timeout: 240_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-blobs-read-'))
  const readers: Child[] = []
  const tell = (line: string): void => readers.forEach((reader) => reader.process.stdin?.write(`${line}\n`))
  const packs = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.pack')).toSorted()
  const noneFailed = (): void => expect(readers.map(({ errors, process }) => [errors, process.exitCode])).toEqual([['', null], ['', null]])
  for (let life = 0; life < 4; life++) {
    using writer = new Child('blobs-kill-child.ts', folder, tell)
    await vi.waitFor(() => expect(writer.lines.length).toBeGreaterThan(0), patience)
    while (readers.length < 2) readers.push(new Child('blobs-read-child.ts', folder))
    const [before, oldest] = [readers.map(({ lines }) => lines.length), packs()[0]]
    // Both have read on, and packs were put together under them.
    await vi.waitFor(() => {
      noneFailed()
      expect(readers.map(({ lines }, i) => lines.length >= before[i]! + 5)).toEqual([true, true])
      expect([writer.lines.length > 300, packs()[0] === oldest, writer.errors]).toEqual([true, false, ''])
    }, patience)
    writer.process.kill('SIGKILL')
    await writer.ended
    // The next one needs nothing that this one did.
    tell('forget')
    await vi.waitFor(() => {
      noneFailed()
      expect(readers.map(({ lines }) => lines.filter((line) => line === 'forgot').length)).toEqual([life + 1, life + 1])
    }, patience)
  }
  for (const reader of readers) {
    reader.process.stdin?.end()
    await reader.ended
  }
  expect(readers.map(({ errors, process }) => [errors, process.exitCode])).toEqual([['', 0], ['', 0]])
  rmSync(folder, { recursive: true })
})
