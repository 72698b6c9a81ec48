import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { isBrowserSafe, root, sources } from './sources.ts'

test('browser-safe code bundles for a browser, without one of Node\'s modules', async () => {
  const entries = sources().map(({ path }) => path).filter(isBrowserSafe)
  const { errors, outputFiles } = await build({
    stdin: { contents: entries.map((path, i) => `export * as _${i} from './${path}'`).join('\n'), resolveDir: root },
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2024',
    minify: true,
    write: false,
    logLevel: 'silent',
  }).catch((failure: unknown) => ({ errors: [failure], outputFiles: [] }))
  expect(errors).toEqual([])
  const bytes = outputFiles[0]!.contents
  console.log(`all of crdt and node/{ports,ops,peer,rpc} in a browser: ${kb(bytes)}, ${kb(gzipSync(bytes))} gzip`)
})

test('browser-safe code is compiled without the types of Node and the DOM', () => {
  const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.browser.json', '--listFilesOnly'], { cwd: root, encoding: 'utf8' })
  expect(stdout).toContain('crdt/')
  expect(stdout.split('\n').filter((path) => /@types\/node|lib\.(dom|webworker)/.test(path))).toEqual([])
}, 60_000)

const kb = (bytes: Uint8Array): string => `${Math.round(bytes.length / 1024)} KB`
