/**
 * Says whether something that a suite needs from its surroundings is there:
 *
 *     describe.skipIf(!requires('netns', 'nftables'))('…', () => { … })
 *
 * What is missing is said in one line and the suite is skipped. Under ATOLL_REQUIRE_ALL=1 (.ci/run, which
 * installs everything) it is an error instead, so that nothing is skipped unseen.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

/** The folder of tools and data that stands beside the repository. */
export const sharedFolder = resolve(process.env['ATOLL_SHARED'] ?? join(import.meta.dirname, '../../shared'))

/** The oldest Node that Atoll says it runs on, where the machine has it. */
export const oldestNode = process.env['ATOLL_OLDEST_NODE'] ?? ''

/** To setpriv: takes from root that file modes do not bind it. */
export const unprivileged = '--bounding-set=-dac_override,-dac_read_search'

/** What can be required: how to see whether it is there, and how to say that it is not. */
const needs = {
  root: { present: isRoot, missing: 'root' },
  unprivileged: { present: () => !isRoot() || runs('setpriv', unprivileged, 'true'), missing: 'setpriv (or not to be root)' },
  netns: { present: () => isRoot() && runs('unshare', '--net', 'true') && runs('ip', 'netns'), missing: 'root, network namespaces and iproute2' },
  mounts: { present: () => isRoot() && runs('unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /mnt'), missing: 'root and mount namespaces' },
  nftables: { present: () => runs('nft', '--version'), missing: 'nftables' },
  vxlan: { present: () => isRoot() && runs('unshare', '--net', 'ip', 'link', 'add', 'type', 'vxlan', 'id', '1', 'dstport', '4789'), missing: 'VXLAN tunnels' },
  tcpdump: { present: () => isRoot() && runs('tcpdump', '--version'), missing: 'root and tcpdump' },
  tmux: { present: () => runs('tmux', '-V'), missing: 'tmux' },
  chromium: { present: () => runs('chromium', '--version'), missing: 'chromium' },
  claude: { present: () => runs('claude', '--version'), missing: 'the Claude Code command line (claude)' },
  inspector: { present: () => onPath('mcp-inspector'), missing: 'the MCP Inspector (mcp-inspector)' },
  'oldest-node': { present: () => oldestNode !== '' && runs(oldestNode, '--version'), missing: 'the oldest Node (its path in ATOLL_OLDEST_NODE)' },
  shared: { present: () => existsSync(sharedFolder), missing: `the shared folder (${sharedFolder}, or ATOLL_SHARED)` },
} satisfies Record<string, { present: () => boolean; missing: string }>

export type Need = keyof typeof needs

/** @returns whether all of them are there @throws under ATOLL_REQUIRE_ALL=1 where one is not */
export function requires(...names: Need[]): boolean {
  const missing = names.filter((name) => !needs[name].present()).map((name) => needs[name].missing)
  if (missing.length === 0) return true
  if (process.env['ATOLL_REQUIRE_ALL'] === '1') throw new Error(`ATOLL_REQUIRE_ALL is set and this is missing: ${missing.join('; ')}`)
  process.stderr.write(`skipped, needs ${missing.join('; ')}: ${callingTest()}\n`)
  return false
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function runs(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 20_000 })
    return true
  } catch {
    return false
  }
}

function onPath(command: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, command)))
}

function callingTest(): string {
  const path = /[^\s(]+\.test\.ts/.exec(new Error().stack ?? '')?.[0]
  return path === undefined ? 'a test' : relative(join(import.meta.dirname, '..'), path)
}
