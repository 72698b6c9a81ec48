import ts from 'typescript'
import { expect, test } from 'vitest'
import { longFiles, waits } from './exceptions.ts'
import { isBrowserSafe, isTest, place, sources, walk, type Source } from './sources.ts'

const all = sources()

test('a file has at most 300 lines, or its reason is listed', () => {
  const long = all.filter(({ path, text }) => !path.endsWith('.test.ts') && text.trimEnd().split('\n').length > 300).map(({ path }) => path)
  expect(long.filter((path) => !(path in longFiles)), 'split these, or give the reason in test/arch/exceptions.ts').toEqual([])
  expect(Object.keys(longFiles).filter((path) => !long.includes(path)), 'short now: take these off the list').toEqual([])
})

test('a folder or file is named after what it holds', () => {
  const grabBags = /(^|\/)(utils?|helpers?|common|misc)(\.ts|\/)/
  expect(all.map(({ path }) => path).filter((path) => grabBags.test(path))).toEqual([])
})

test('file and folder names are kebab-case', () => {
  expect(all.map(({ path }) => path).filter((path) => !/^[a-z0-9./-]+$/.test(path))).toEqual([])
})

test('no test replaces a module or fakes the timers', () => {
  const forbidden = new Set(['mock', 'doMock', 'hoisted', 'useFakeTimers', 'stubGlobal'])
  expect(found(all.filter(({ path }) => isTest(path)), (node) => isCallOf(node, 'vi', forbidden)), 'pass the thing in instead').toEqual([])
})

test('no test waits for time to pass', () => {
  const timers = new Set(['setTimeout', 'setInterval', 'sleep', 'delay'])
  const measured = /^test\/(bench\/|soak)/ // there, time is what it is about
  const waiting = found(all.filter(({ path }) => isTest(path) && !measured.test(path)), (node) =>
    (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && timers.has(node.expression.text)) ||
    isCallOf(node, 'Atomics', new Set(['wait', 'waitAsync'])) ||
    (ts.isImportDeclaration(node) && /timers\/promises/.test(node.moduleSpecifier.getText())))
  const files = waiting.map((at) => at.replace(/:\d+$/, ''))
  expect(waiting.filter((_, i) => !(files[i]! in waits)), 'await a condition (vi.waitFor), or drive a virtual clock').toEqual([])
  expect(Object.keys(waits).filter((path) => !files.includes(path)), 'waits no more: take these off the list').toEqual([])
})

// The other clocks, timers and random numbers are lint errors there (.oxlintrc.json).
test('browser-safe code does not read the wall clock by `new Date()` or `Date()`', () => {
  const reads = (node: ts.Node): boolean =>
    ((ts.isNewExpression(node) && (node.arguments?.length ?? 0) === 0) || ts.isCallExpression(node)) &&
    ts.isIdentifier(node.expression) && node.expression.text === 'Date'
  expect(found(all.filter(({ path }) => isBrowserSafe(path)), reads), 'take a Clock (node/ports)').toEqual([])
})

test('these rules see what they forbid', () => {
  const bad: Source = { path: 'bad.ts', text: `vi.mock('x')\nnew Date()\nawait sleep(3)` }
  expect(found([bad], (node) => isCallOf(node, 'vi', new Set(['mock'])))).toEqual(['bad.ts:1'])
  expect(found([bad], (node) => ts.isNewExpression(node))).toEqual(['bad.ts:2'])
})

function found(files: readonly Source[], matches: (node: ts.Node) => boolean): string[] {
  const places: string[] = []
  for (const file of files) walk(file, (node) => void (matches(node) && places.push(place(file, node))))
  return places
}

function isCallOf(node: ts.Node, object: string, names: ReadonlySet<string>): boolean {
  return ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) &&
    node.expression.expression.getText() === object && names.has(node.expression.name.text)
}
