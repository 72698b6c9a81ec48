/**
 * `npm run build [-- --quiet]`: writes the publishable program to dist/ and prints what it weighs.
 * Safe to run while another build, or a program from dist/, runs: files are replaced whole, unchanged ones stay.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bundle, contents, type Bundle } from './bundle.ts'
import { licenses } from './licenses.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

const started = performance.now()
const result = await bundle(root, dist)
writeAll(result)
if (!process.argv.includes('--quiet')) report(result)

function writeAll({ outputFiles, metafile }: Bundle): void {
  const files = new Map<string, Uint8Array>(outputFiles.map((file) => [file.path, file.contents]))
  files.set(join(dist, 'THIRD-PARTY-LICENSES.txt'), new TextEncoder().encode(licenses(root, metafile)))
  for (const [path, bytes] of files) replace(path, bytes)
  chmodSync(join(dist, 'bin.js'), 0o755)
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !files.has(path)) rmSync(path, { force: true })
  }
}

function replace(path: string, bytes: Uint8Array): void {
  if (existsSync(path) && readFileSync(path).equals(bytes)) return
  mkdirSync(dirname(path), { recursive: true })
  const fresh = `${path}.${process.pid}`
  writeFileSync(fresh, bytes)
  renameSync(fresh, path)
}

function report({ outputFiles, metafile }: Bundle): void {
  const rows = outputFiles
    .map((file) => ({ path: relative(root, file.path), bytes: file.contents.length, zipped: gzipSync(file.contents).length }))
    .sort((a, b) => b.bytes - a.bytes)
  const kb = (bytes: number) => `${(bytes / 1024).toFixed(0).padStart(6)} KB`
  const line = (some: typeof rows, what: string) => {
    const sum = (pick: 'bytes' | 'zipped') => some.reduce((total, row) => total + row[pick], 0)
    console.log(`${kb(sum('bytes'))}${kb(sum('zipped'))} gzip  ${what}`)
  }
  const large = rows.filter(({ bytes }) => bytes >= 10 * 1024)
  for (const row of large) {
    const output = metafile.outputs[row.path]
    const most = output ? contents(output).slice(0, 3).map(([name]) => name).join(', ') : ''
    line([row], `${row.path.padEnd(36)} ${most}`)
  }
  line(rows.slice(large.length), `${rows.length - large.length} small files`)
  line(rows, `all, in ${Math.round(performance.now() - started)} ms`)
}
