/** Prints what an operation shows: aligned, coloured where the terminal is, harmless whatever a peer wrote. */
import type { Aside, Block, Cell, Facts, Quote, Show, Table, Tone } from '../node/ops/show.ts'
import { cleanText } from '../node/ops/clean-text.ts'
import type { Terminal } from './command.ts'
import { showTime } from './show-time.ts'
import { fitText, textWidth } from './text-width.ts'

/** Writes to stdout, one line per row; tables are cut to the terminal's width. */
export function printShow(show: Show, terminal: Terminal, now: number): void {
  for (const block of show) for (const line of blockLines(block, terminal, now)) terminal.out(line)
}

function blockLines(block: Block, terminal: Terminal, now: number): readonly string[] {
  if (isTable(block)) return tableLines(block, terminal, now)
  if (isFacts(block)) return factLines(block, terminal, now)
  if (isQuote(block)) return quoteLines(block.quote, terminal)
  if (isAside(block)) return terminal.interactive ? block.aside.flatMap((one) => blockLines(one, terminal, now)) : []
  const cells: readonly Cell[] = isLine(block) ? block.line : [block]
  return [cells.map((cell) => paint(cell, cellText(cell, now), terminal)).filter((text) => text !== '').join(' ')]
}

type Line = { readonly line: readonly Cell[] }
const has = (block: Block, key: string): boolean => typeof block === 'object' && block !== null && key in block
const isTable = (block: Block): block is Table => has(block, 'columns')
const isFacts = (block: Block): block is Facts => has(block, 'facts')
const isQuote = (block: Block): block is Quote => has(block, 'quote')
const isAside = (block: Block): block is Aside => has(block, 'aside')
const isLine = (block: Block): block is Line => has(block, 'line')

function tableLines({ columns, rows, empty }: Table, terminal: Terminal, now: number): readonly string[] {
  if (rows.length === 0) return [empty]
  const texts = rows.map((row) => row.map((cell) => cellText(cell, now)))
  // A column in which nothing stands would only push the others apart.
  const kept = columns.map((_, column) => column).filter((column) => texts.some((row) => row[column] !== ''))
  const widths = kept.map((column) => Math.max(textWidth(columns[column] ?? ''), ...texts.map((row) => textWidth(row[column] ?? ''))))
  const line = (cells: readonly { readonly text: string; readonly cell: Cell }[]): string => {
    let room = terminal.interactive ? terminal.columns : Number.POSITIVE_INFINITY
    const parts: string[] = []
    for (const [i, { text, cell }] of cells.entries()) {
      if (room <= 0) break
      const shown = fitText(text, room)
      const pad = i === cells.length - 1 ? 0 : Math.max(0, Math.min(widths[i] ?? 0, room) - textWidth(shown))
      parts.push(paint(cell, shown, terminal) + ' '.repeat(pad))
      room -= (widths[i] ?? 0) + 2
    }
    return parts.join('  ').trimEnd()
  }
  const head = line(kept.map((column) => ({ text: columns[column] ?? '', cell: { text: '', tone: 'dim' as const } })))
  return [head, ...texts.map((row, at) => line(kept.map((column) => ({ text: row[column] ?? '', cell: rows[at]?.[column] ?? null }))))]
}

function factLines({ facts }: Facts, terminal: Terminal, now: number): readonly string[] {
  const shown = facts.map(([name, cell]) => [name, cell, cellText(cell, now)] as const).filter(([, , text]) => text !== '')
  const width = Math.max(0, ...shown.map(([name]) => textWidth(name)))
  return shown.map(([name, cell, text]) => `${tone(name, 'dim', terminal)}${' '.repeat(width - textWidth(name))}  ${paint(cell, text, terminal)}`)
}

function quoteLines(text: string, terminal: Terminal): readonly string[] {
  const lines = cleanText(text, 'lines').split('\n')
  // A script wants the bare value; a person wants to see where a peer's words begin and end.
  return terminal.interactive ? lines.map((line) => `${tone('│', 'dim', terminal)} ${line}`) : lines
}

function cellText(cell: Cell, now: number): string {
  if (cell === null) return ''
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  if (typeof cell === 'object' && 'time' in cell) return showTime(cell.time, now)
  if (typeof cell === 'object' && 'text' in cell) return cleanText(cell.text)
  return cleanText(typeof cell === 'object' ? cell.join(', ') : String(cell))
}

function paint(cell: Cell, text: string, terminal: Terminal): string {
  return typeof cell === 'object' && cell !== null && 'tone' in cell ? tone(text, cell.tone, terminal) : text
}

const codes: Readonly<Record<Tone, string>> = { good: '32', warn: '33', bad: '31', dim: '2', strong: '1' }

/** Wraps text in a colour where the terminal shows colours. */
export function tone(text: string, as: Tone, { colour }: Pick<Terminal, 'colour'>): string {
  return colour && text !== '' ? `\u001b[${codes[as]}m${text}\u001b[0m` : text
}
