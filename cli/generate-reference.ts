/** docs/operations.md: every operation with its command, tool, parameters, errors and an example. */
import { commonErrors } from '../node/ops/common-errors.ts'
import type { Operation } from '../node/ops/define.ts'
import { operations } from '../node/ops/index.ts'
import { permissions } from '../node/ops/permissions.ts'
import { settingKeys, settingShapes } from '../node/host/settings.ts'
import { errorTable, type ErrorCode } from '../node/ports/errors.ts'
import { specialCommands } from './commands/index.ts'
import { operationParams, type Param } from './operation-params.ts'
import { usageOf } from './usage.ts'

/** The text of docs/operations.md. */
export function generateReference(): string {
  const all = operations as readonly Operation[]
  const nouns = [...new Set(all.map((operation) => operation.name.split('.')[0] ?? ''))]
  return [
    '# Operations',
    '',
    'Generated from the declarations in `node/ops` by `npm run docs`; do not edit.',
    '',
    'Each operation is a command, most are MCP tools, all are methods of the typed client (`client.state.set({ key, value })`).',
    'Every command takes `--json`, `--mesh MESH`, `--own-node` and `--help`; every tool takes `mesh_slug`.',
    '',
    '## Commands that are not operations',
    '',
    table(['command', 'does'], specialCommands.map(({ name, summary }) => [`\`atoll ${name}\``, summary])),
    '',
    ...nouns.flatMap((noun) => [`## ${noun}`, '', ...all.filter((operation) => operation.name.startsWith(`${noun}.`)).flatMap(section)]),
    ...settings(),
    ...outcomes(),
  ].join('\n')
}

function section(operation: Operation): readonly string[] {
  const params = operationParams(operation, 'all')
  const holders = permissions[operation.permission]
  const own = operation.errors
  return [
    `### ${operation.name}`,
    '',
    operation.mcp?.doc ?? operation.doc,
    '',
    ...(operation.cli === undefined ? [] : [`- Command: \`${usageOf(operation, operationParams(operation))}\``]),
    ...(operation.mcp === undefined ? [] : [`- MCP tool: \`${operation.mcp.tool}\`${operation.mcp.alwaysLoad === true ? ', always loaded' : ''}`]),
    `- Permission: \`${operation.permission}\`${holders === null ? ' (this machine only)' : ` (${holders.join(', ')})`}`,
    ...(own.length === 0 ? [] : [`- May fail with ${own.map((code) => `\`${code}\``).join(', ')}, or as any ${holders === null ? 'operation' : 'operation on a mesh'}`]),
    ...(operation.event === undefined ? [] : ['- Goes on until it is cancelled; with `--json` it prints one document per line']),
    `- Example: \`${operation.example}\``,
    '',
    ...(params.length === 0 ? [] : [table(['parameter', 'type', 'meaning'], params.map((param) => paramRow(operation, param))), '']),
  ]
}

function paramRow(operation: Operation, param: Param): readonly string[] {
  const type = param.choices.length > 0 ? param.choices.map((choice) => `\`${choice}\``).join(' ') : { text: 'text', number: 'number', flag: 'yes or no', list: 'list of text', json: 'any JSON' }[param.kind]
  const only = [operation.cli?.hidden?.includes(param.name) === true ? 'not on the command line' : '', operation.mcp?.hidden?.includes(param.name) === true ? 'not for agents' : ''].filter((text) => text !== '')
  const initial = param.initial === undefined || (Array.isArray(param.initial) && param.initial.length === 0) ? '' : `; usually \`${JSON.stringify(param.initial)}\``
  const flag = param.place === null && !only.includes('not on the command line') ? ` (\`--${param.flag}\`)` : ''
  return [`\`${param.name}\`${flag}`, `${type}${param.required ? '' : ', optional'}`, [param.doc + initial, ...only].join('; ')]
}

function settings(): readonly string[] {
  const rows = settingKeys.map((key) => [`\`${key}\``, `\`ATOLL_${key.toUpperCase()}\``, settingShapes[key].initial === '' ? '(empty)' : `\`${settingShapes[key].initial}\``, settingShapes[key].doc])
  return ['## Settings', '', 'In `config.json` of the profile (`atoll config set KEY VALUE`); the environment of the node counts before the file, its flags before both.', '', table(['setting', 'environment', 'usually', 'does'], rows), '']
}

function outcomes(): readonly string[] {
  const statuses: readonly (readonly string[])[] = [
    ['0', 'done'],
    ['1', 'anything else; for `audit verify`: something does not fit; for `verify`: the number does not match'],
    ['2', 'the command was wrong as typed'],
    ['3', 'what was named does not exist'],
    ['4', 'not allowed'],
    ['5', 'not now: the same may work later'],
    ['6', 'in conflict with what is there'],
    ['7', 'storage'],
    ['130', 'ended by Ctrl-C'],
    ['143', 'ended by SIGTERM'],
  ]
  const any = commonErrors({ permission: 'node.read' })
  const mesh = commonErrors({ permission: 'mesh.read' }).filter((code) => !any.includes(code))
  return [
    '## Errors and exit statuses',
    '',
    `Any operation may fail with ${list(any)}; those on a mesh also with ${list(mesh)}.`,
    'With `--json` a failure prints `{"schema_version":"1.0","ok":false,"error":{"code","message"}}`. Codes are stable; messages may change.',
    '',
    table(['exit status', 'means'], statuses),
    '',
    table(['code', 'exit status', 'may work later', 'says'], Object.entries(errorTable).map(([code, row]) => [`\`${code}\``, String(row.exit), row.retry ? 'yes' : 'no', row.local])),
    '',
  ]
}

function list(codes: readonly ErrorCode[]): string {
  return codes.map((code) => `\`${code}\``).join(', ')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
