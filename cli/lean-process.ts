/**
 * Commands that run for good (a node in the foreground, a relay) start once more in their own place with the options of
 * node-options.ts, which Node takes at the start of a process only. The process id, the terminal and what is open stay.
 */
import { nodeEnvironment, nodeOptions } from '../node/host/node-options.ts'

const forGood = ['up', 'relay']

/** Does not return where the process begins anew. Does nothing where Node cannot do that (Windows), or the user has set such options. */
export function startLean(): void {
  const { argv, execArgv, execPath, env, execve } = process
  if (typeof execve !== 'function' || process.platform === 'win32' || !forGood.includes(argv[2] ?? '')) return
  const given = `${execArgv.join(' ')} ${env['NODE_OPTIONS'] ?? ''}`
  if (nodeOptions.some((option) => given.includes(option.split('=')[0] as string))) return
  execve.call(process, execPath, [execPath, ...nodeOptions, ...execArgv, ...argv.slice(1)], { ...nodeEnvironment, ...env })
}
