import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { selectMesh } from './select-mesh.ts'

const root = mkdtempSync(join(tmpdir(), 'atoll-select-'))
afterAll(() => rmSync(root, { recursive: true }))

it('takes the flag, else ATOLL_MESH, else the nearest .atoll file, and leaves profile directories alone', () => {
  const deep = join(root, 'a', 'b', 'c')
  mkdirSync(deep, { recursive: true })
  expect(selectMesh(undefined, {}, deep)).toBeUndefined()
  writeFileSync(join(root, '.atoll'), '  crew \nmore\n')
  mkdirSync(join(root, 'a', '.atoll'))
  writeFileSync(join(root, 'a', 'b', '.atoll'), '\n')
  expect(selectMesh(undefined, {}, deep)).toBe('crew')
  expect(selectMesh(undefined, { ATOLL_MESH: 'env' }, deep)).toBe('env')
  expect(selectMesh(undefined, { ATOLL_MESH: '' }, deep)).toBe('crew')
  expect(selectMesh('flag', { ATOLL_MESH: 'env' }, deep)).toBe('flag')
})
