import type { Route } from './routes.ts'

interface Group {
  readonly title: string
  readonly words: readonly string[]
}

const order: readonly (readonly [title: string, firstWords: readonly string[]])[] = [
  ['The mesh', ['create', 'invite', 'join', 'list', 'use', 'info', 'stats', 'leave', 'member', 'profile', 'device', 'token', 'verify', 'rotate', 'rotation', 'relay', 'grants', 'grant', 'revoke', 'block', 'unblock']],
  ['Working together', ['peers', 'send', 'inbox', 'message-status', 'message', 'state', 'remember', 'recall', 'forget', 'share', 'get', 'files', 'file', 'doc', 'session']],
  ['When something is odd', ['status', 'metrics', 'netcheck', 'ping', 'explain', 'audit', 'logs']],
  ['The node', ['up', 'down', 'config', 'backup', 'restore']],
  ['Agents', ['mcp', 'install', 'uninstall', 'monitor', 'hook']],
]

/** All commands by what one wants to do; what no group knows stands at the end, so that nothing is missing. */
export function helpGroups(routes: ReadonlyMap<string, Route>): readonly Group[] {
  const own = [...routes.entries()].filter(([path, route]) => path === route.words).map(([path]) => path)
  const groups = order.map(([title, first]) => ({ title, words: first.flatMap((word) => own.filter((path) => path.split(' ')[0] === word)) }))
  const named = new Set(groups.flatMap((group) => group.words))
  const others = own.filter((path) => !named.has(path))
  return others.length === 0 ? groups : [...groups, { title: 'Others', words: others }]
}
