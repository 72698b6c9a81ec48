/** Which words lead to which command: derived ones by their command and their noun-verb form, and the special ones. */
import { AtollError } from '../node/ports/errors.ts'
import { specialCommands, type SpecialCommand } from './commands/index.ts'
import { operationTable, type OperationRow } from './operation-table.ts'
import { suggest } from './suggest.ts'

export type Route = { readonly words: string; readonly summary: string } & ({ readonly row: OperationRow } | { readonly special: SpecialCommand })

/** All routes by their words. */
export function allRoutes(): ReadonlyMap<string, Route> {
  const routes = new Map<string, Route>()
  for (const row of operationTable) {
    const { words, summary, name } = row
    routes.set(name.replace('.', ' '), { words, summary, row })
    routes.set(words, { words, summary, row })
  }
  for (const special of specialCommands) routes.set(special.name, { words: special.name, summary: special.summary, special })
  return routes
}

/** The route that the longest run of leading words names, and the arguments after them. Throws bad_input with the nearest name. */
export function findRoute(routes: ReadonlyMap<string, Route>, args: readonly string[]): { readonly route: Route; readonly rest: readonly string[] } {
  const words = args.slice(0, args.findIndex((arg) => arg.startsWith('-')) < 0 ? 3 : Math.min(3, args.findIndex((arg) => arg.startsWith('-'))))
  for (let count = words.length; count > 0; count--) {
    const route = routes.get(words.slice(0, count).join(' '))
    if (route !== undefined) return { route, rest: args.slice(count) }
  }
  throw unknownCommand(routes, words)
}

/** The routes below a first word, such as all of `state`. */
export function routesUnder(routes: ReadonlyMap<string, Route>, words: string): readonly Route[] {
  return [...new Map([...routes.entries()].filter(([path]) => path.startsWith(`${words} `)).map(([, route]) => [route.words, route])).values()]
}

function unknownCommand(routes: ReadonlyMap<string, Route>, words: readonly string[]): AtollError {
  const first = words[0] ?? ''
  const under = routesUnder(routes, first)
  if (under.length > 0) {
    const near = words[1] === undefined ? undefined : suggest(words.slice(0, 2).join(' '), under.map((route) => route.words))
    const choices = under.map((route) => `atoll ${route.words}`).join(', ')
    return new AtollError('bad_input', { what: near === undefined ? `Say what to do: ${choices}.` : `There is no command “${words.slice(0, 2).join(' ')}”. Did you mean \`atoll ${near}\`?` })
  }
  if (/^(atoll:|https?:)/.test(first)) return new AtollError('bad_input', { what: 'To join by a link: `atoll join LINK`.' })
  // Whole commands before first words of longer ones, so that of two that are equally near the useful one is named.
  const candidates = [...[...routes.keys()].filter((path) => !path.includes(' ')), ...[...routes.keys()].map((path) => path.split(' ')[0] ?? path)]
  const near = suggest(first, candidates) ?? suggest(words.slice(0, 2).join(' '), routes.keys())
  return new AtollError('bad_input', { what: `There is no command “${first}”.${near === undefined ? '' : ` Did you mean \`atoll ${near}\`?`} \`atoll help\` lists them.` })
}
