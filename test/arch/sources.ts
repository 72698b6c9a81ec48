/** The repository's own TypeScript files, as the tests in this folder look at them. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

export const root = join(import.meta.dirname, '../..')

export interface Source {
  /** Relative to the repository, with forward slashes. */
  readonly path: string
  readonly text: string
}

export const isTest = (path: string): boolean => path.endsWith('.test.ts') || path.startsWith('test/')

/** Code that also runs in a browser tab and under a virtual clock (DESIGN section 4); without its tests. */
export const isBrowserSafe = (path: string): boolean => /^(crdt|node\/(ports|ops|peer|rpc))\//.test(path) && !path.endsWith('.test.ts')

/** Every TypeScript file that is ours, in the order of their paths. */
export function sources(): Source[] {
  return globSync(['{crdt,node,relay,cli,web,provision,demo,build,test}/**/*.{ts,tsx}', '*.ts'], { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.includes('node_modules/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** Calls back with every node of a file's syntax tree, outermost first. */
export function walk(source: Source, visit: (node: ts.Node) => void): void {
  const step = (node: ts.Node): void => {
    visit(node)
    ts.forEachChild(node, step)
  }
  step(ts.createSourceFile(source.path, source.text, ts.ScriptTarget.ES2024, true))
}

/** `path:line` of a node, for a message. */
export function place(source: Source, node: ts.Node): string {
  const file = node.getSourceFile()
  return `${source.path}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`
}
