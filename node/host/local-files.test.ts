import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SeededRandom } from '../peer/virtual-runtime-random.ts'
import { AtollError } from '../ports/errors.ts'
import { localFiles } from './local-files.ts'

let folder = ''
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'atoll-files-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const files = localFiles({ random: new SeededRandom(1), reserve: () => 0 })
const at = (name: string): string => join(folder, name)
const codeOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'done', (error: unknown) => (error instanceof AtollError ? error.code : error))

describe('files of this machine', () => {
  it('B5: come to stand under their name only when whole, and are gone when they were not finished', async () => {
    {
      await using file = await files.create(at('new'), 10, false)
      await file.write(Uint8Array.of(1, 2, 3), 4)
      expect(existsSync(at('new'))).toBe(false)
      expect(readdirSync(folder)).toHaveLength(1)
      await file.finish(10)
    }
    expect([...readFileSync(at('new'))]).toEqual([0, 0, 0, 0, 1, 2, 3, 0, 0, 0])
    {
      await using file = await files.create(at('given up'), 10, false)
      await file.write(Uint8Array.of(1), 0)
    }
    expect(readdirSync(folder)).toEqual(['new'])
    expect(statSync(at('new')).mode & 0o777).toBe(0o666 & ~process.umask())
  })

  it('B5: do not replace what stands there, not even what came meanwhile, unless asked to', async () => {
    writeFileSync(at('old'), 'old')
    expect(await codeOf(files.create(at('old'), 1, false))).toBe('file_exists')
    {
      await using file = await files.create(at('late'), 3, false)
      writeFileSync(at('late'), 'mine')
      expect(await codeOf(file.finish(3))).toBe('file_exists')
    }
    expect(readFileSync(at('late'), 'utf8')).toBe('mine')
    {
      await using file = await files.create(at('old'), 3, true)
      await file.write(new TextEncoder().encode('new'), 0)
      expect(readFileSync(at('old'), 'utf8')).toBe('old')
      await file.finish(3)
    }
    expect(readFileSync(at('old'), 'utf8')).toBe('new')
    expect(readdirSync(folder).sort()).toEqual(['late', 'old'])
  })

  it('are refused with what is wrong', async () => {
    expect(await codeOf(files.open(at('missing')))).toBe('file_unreadable')
    expect(await codeOf(files.open(folder))).toBe('file_unreadable')
    expect(await codeOf(files.open('relative'))).toBe('file_unreadable')
    expect(await codeOf(files.create(at('no/such/folder'), 1, false))).toBe('file_unwritable')
    expect(await codeOf(files.create('relative', 1, false))).toBe('file_unwritable')
    expect(await codeOf(localFiles({ random: new SeededRandom(1), reserve: (size) => size }).create(at('x'), 1, false))).toBe('disk_reserve')
    expect(readdirSync(folder)).toEqual([])
  })

  it('say when they were changed, and go under their name in a folder', async () => {
    writeFileSync(at('a'), 'abc')
    symlinkSync(at('a'), at('link'))
    await using source = await files.open(at('link'))
    const into = new Uint8Array(10)
    expect([source.size, await source.read(into, 1), await source.read(into, 3)]).toEqual([3, 2, 0])
    expect(await source.changed()).toBe(false)
    utimesSync(at('a'), 1, 1)
    expect(await source.changed()).toBe(true)
    mkdirSync(at('sub'))
    expect(await files.target(at('sub'), 'name')).toBe(join(folder, 'sub/name'))
    expect(await files.target(at('other'), 'name')).toBe(at('other'))
  })
})
