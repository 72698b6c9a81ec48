/**
 * How an answer is shown to a person or an agent, without saying in which medium: a terminal aligns, colours
 * and shortens it, an MCP server writes it as compact text. Whoever prints it strips control characters,
 * since much of it was written by peers.
 */
export type Cell = string | number | boolean | null | readonly string[] | { readonly text: string; readonly tone: Tone } | { readonly time: number }
export type Tone = 'good' | 'warn' | 'bad' | 'dim' | 'strong'

/** Rows under headings, or one sentence when there are none. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  readonly empty: string
}

/** Names and values, one pair to a line. */
export interface Facts {
  readonly facts: readonly (readonly [string, Cell])[]
}

/** Text of a peer's making: shown behind a bar on every line, so that it cannot pass for anything else. */
export interface Quote {
  readonly quote: string
}

/** For people at a terminal only: a drawing, a hint. Neither scripts nor agents get it. */
export interface Aside {
  readonly aside: readonly (Cell | { readonly line: readonly Cell[] })[]
}

/** A sentence, optionally of several cells, or one of the forms above. */
export type Block = Cell | { readonly line: readonly Cell[] } | Table | Facts | Quote | Aside
export type Show = readonly Block[]

/** A name that stands out. */
export const strong = (text: string): Cell => ({ text, tone: 'strong' })
/** Something of less importance. */
export const dim = (text: string): Cell => ({ text, tone: 'dim' })
/** The beginning of an id that is a hash: enough to name it with, on the command line too. */
export const shortId = (id: string): Cell => dim(id.length > 20 ? id.slice(0, 12) : id)
/** As it should be. */
export const good = (text: string): Cell => ({ text, tone: 'good' })
/** Worth a look. */
export const warn = (text: string): Cell => ({ text, tone: 'warn' })
/** Wrong. */
export const bad = (text: string): Cell => ({ text, tone: 'bad' })
/** A moment, in milliseconds since 1970. */
export const time = (at: number | null): Cell => (at === null ? '' : { time: at })
