/** The rules of SPEC.md and the tests that name them. */
import ts from 'typescript'
import { place, walk, type Source } from './sources.ts'

export interface Rule {
  readonly id: string
  /** The issue that will prove it, for a rule marked `(later: issue N)`. */
  readonly later?: number | undefined
}

/** A rule is a list item or heading that begins with its id in bold: `- **D1** What answered …`. */
export function rulesOf(spec: string): Rule[] {
  return spec.split('\n').flatMap((line) => {
    const [, id] = /^\s*(?:[-*]|#{1,6})\s+\*\*([A-Z]\d+)[.:]?\*\*/.exec(line) ?? []
    const [, issue] = /\(later: issue (\d+)\)/.exec(line) ?? []
    return id === undefined ? [] : [{ id, later: issue === undefined ? undefined : Number(issue) }]
  })
}

/** The ids at the beginning of a title: `D1: …`, `D1 …`, `C1 C2: …`, `C1, C2: …`. */
export function idsOf(title: string): string[] {
  const [ids] = /^[A-Z]\d+(?:[ ,]+[A-Z]\d+)*(?=[:\s]|$)/.exec(title) ?? []
  return ids === undefined ? [] : ids.split(/[ ,]+/)
}

/** Every rule id that the title of a test, or of a group of tests, begins with. Skipped ones do not count. */
export function citations(tests: readonly Source[]): { id: string; at: string }[] {
  const found: { id: string; at: string }[] = []
  for (const source of tests) {
    walk(source, (node) => {
      if (!ts.isCallExpression(node) || !isTestCall(node.expression)) return
      const [title] = node.arguments
      if (title === undefined) return
      const text = ts.isStringLiteralLike(title) ? title.text : ts.isTemplateExpression(title) ? title.head.text : ''
      for (const id of idsOf(text)) found.push({ id, at: place(source, node) })
    })
  }
  return found
}

/** `test`, `it` or `describe`, also as `test.each(…)`, `describe.skipIf(…)`; not `.skip` or `.todo`. */
function isTestCall(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return ['test', 'it', 'describe'].includes(callee.text)
  if (ts.isCallExpression(callee)) return isTestCall(callee.expression)
  if (ts.isTaggedTemplateExpression(callee)) return isTestCall(callee.tag)
  return ts.isPropertyAccessExpression(callee) && !['skip', 'todo'].includes(callee.name.text) && isTestCall(callee.expression)
}
