import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { ICruiseResult } from 'dependency-cruiser'
import { expect, test } from 'vitest'
import { root } from './sources.ts'

const folders = ['crdt', 'node', 'relay', 'cli', 'web', 'provision', 'demo', 'build', 'test']

/** Imports that must be refused, and by which rule. */
const breaches: [rule: string, from: string, to: string][] = [
  ['crdt-stands-alone', 'crdt/log/a.ts', 'node/ports/b.ts'],
  ['ports-know-crdt', 'node/ports/a.ts', 'node/ops/b.ts'],
  ['ops-know-ports', 'node/ops/a.ts', 'node/peer/b.ts'],
  ['peer-knows-ports', 'node/peer/a.ts', 'node/host/b.ts'],
  ['rpc-knows-ops', 'node/rpc/a.ts', 'node/peer/b.ts'],
  ['host-is-below-the-surfaces', 'node/host/a.ts', 'node/mcp/b.ts'],
  ['mcp-is-derived-from-ops', 'node/mcp/a.ts', 'node/host/b.ts'],
  ['relay-is-blind', 'relay/a.ts', 'crdt/log/b.ts'],
  ['cli-uses-the-node', 'cli/a.ts', 'build/b.ts'],
  ['node-stays-inside', 'node/main.ts', 'relay/b.ts'],
  ['nobody-imports-the-cli', 'node/main.ts', 'cli/b.ts'],
  ['cli-starts-the-relay-in-one-place', 'cli/commands/up.ts', 'relay/b.ts'],
  ['sodium-in-crypto-only', 'crdt/log/a.ts', 'node_modules/libsodium-wrappers/index.js'],
  ['crdt-uses-no-package', 'crdt/log/a.ts', 'node_modules/zod/index.js'],
  ['browser-safe-uses-few-packages', 'node/peer/a.ts', 'node_modules/libp2p/index.js'],
  ['yjs-in-one-folder', 'node/peer/services/a.ts', 'node_modules/yjs/index.js'],
  ['browser-safe-uses-no-node', 'node/ops/a.ts', 'node:fs'],
  ['tests-are-not-sources', 'crdt/log/a.ts', 'crdt/log/b.test.ts'],
  ['tests-are-not-sources', 'relay/a.ts', 'test/b.ts'],
  ['no-cycles', 'relay/and-round.ts', 'relay/round.ts'],
  ['everything-resolves', 'relay/a.ts', 'nowhere'],
]

/** Imports that must pass. (A cycle is reported at one of its edges.) */
const allowed: [from: string, to: string][] = [
  ['relay/round.ts', 'relay/and-round.ts'],
  ['crdt/crypto/ok.ts', 'node_modules/libsodium-wrappers/index.js'],
  ['crdt/log/ok.test.ts', 'node:fs'],
  ['node/ops/ok.ts', 'node_modules/zod/index.js'],
  ['node/peer/documents/ok.ts', 'node_modules/yjs/index.js'],
  ['node/rpc/ok.ts', 'node/ops/b.ts'],
  ['node/host/ok.ts', 'node/peer/b.ts'],
  ['node/host/ok.ts', 'node_modules/libp2p/index.js'],
  ['relay/ok.ts', 'crdt/wire/b.ts'],
  ['relay/ok.ts', 'node:http'],
  ['cli/ok.ts', 'node/main.ts'],
  ['cli/commands/relay.ts', 'relay/b.ts'],
  ['test/sim/ok.ts', 'relay/b.ts'],
]

test('who may import whom', () => {
  expect(cruise(root).violations).toEqual([])
}, 60_000)

test('every wall refuses what it should, and nothing else', () => {
  const folder = makeTree([...breaches.map(([, from, to]) => [from, to] as const), ...allowed])
  try {
    const { violations, rules } = cruise(folder)
    const expected = breaches.map(([rule, from, to]) => `${rule}: ${from} → ${to.replace('node:', '')}`)
    expect(expected.filter((breach) => !violations.includes(breach))).toEqual([])
    expect(violations.filter((violation) => allowed.some(([from]) => violation.includes(` ${from} →`)))).toEqual([])
    expect(rules.filter((rule) => !breaches.some(([name]) => name === rule)), 'a breach for every rule').toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 60_000)

/** Small files with these imports, in a folder of its own. */
function makeTree(imports: (readonly [from: string, to: string])[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-walls-'))
  const files = new Map<string, string>([['tsconfig.json', '{}']])
  for (const [from, to] of imports) {
    if (to.startsWith('node_modules/')) files.set(join(dirname(to), 'package.json'), '{ "main": "index.js" }')
    if (/[/]/.test(to)) files.set(to, files.get(to) ?? '')
    const target = to.startsWith('node_modules/') ? to.split('/')[1] : to.includes('/') ? `./${relative(dirname(from), to)}` : to
    files.set(from, `${files.get(from) ?? ''}import '${target}'\n`)
  }
  for (const [path, text] of files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** Runs dependency-cruiser with our rules. @returns `rule: from → to` of each violation, and the names of all rules */
function cruise(cwd: string): { violations: string[]; rules: string[] } {
  const args = ['--config', join(root, '.dependency-cruiser.mjs'), '--output-type', 'json', ...folders.filter((name) => existsSync(join(cwd, name)))]
  const { stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/depcruise'), args, { cwd, encoding: 'utf8', maxBuffer: 64 << 20 })
  if (stdout === '') throw new Error(stderr)
  const { summary } = JSON.parse(stdout) as ICruiseResult
  return {
    violations: summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`),
    rules: (summary.ruleSetUsed?.forbidden ?? []).map(({ name }) => name ?? ''),
  }
}
