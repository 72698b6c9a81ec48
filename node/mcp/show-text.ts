/** What an operation shows, as compact text for an agent. */
import { cleanText } from '../ops/clean-text.ts'
import type { Block, Cell, Show } from '../ops/show.ts'

/** Lines of text; tables with a bar between cells, peers' text behind a bar on each line. */
export function showText(show: Show): string {
  return show.flatMap(blockLines).join('\n')
}

function blockLines(block: Block): readonly string[] {
  if (typeof block !== 'object' || block === null) return [cellText(block)]
  if ('columns' in block) {
    if (block.rows.length === 0) return [block.empty]
    return [block.columns.join(' | '), ...block.rows.map((row) => row.map(cellText).join(' | '))]
  }
  if ('facts' in block) return block.facts.map(([name, cell]) => [name, cellText(cell)] as const).filter(([, text]) => text !== '').map(([name, text]) => `${name}: ${text}`)
  if ('quote' in block) return quoteLines(block.quote)
  if ('aside' in block) return []
  if ('line' in block) return [block.line.map(cellText).filter((text) => text !== '').join(' ')]
  return [cellText(block)]
}

/** Text of a peer's making: no line of it can stand without the bar before it. */
export function quoteLines(text: string): readonly string[] {
  return cleanText(text, 'lines').split('\n').map((line) => `| ${line}`)
}

function cellText(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  if (typeof cell !== 'object') return cleanText(String(cell))
  if ('time' in cell) return new Date(cell.time).toISOString()
  if ('text' in cell) return cleanText(cell.text)
  return cleanText(cell.join(', '))
}
