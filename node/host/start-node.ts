import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { AtollError } from '../ports/errors.ts'
import { nodeEnvironment, nodeOptions } from './node-options.ts'
import { wireError } from '../rpc/frames.ts'
import { fromWire } from '../rpc/wire-error.ts'

export interface StartNodeOptions {
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The program whose `up --background` runs a node: normally the one that is running. */
  readonly program: string
  readonly signal: AbortSignal
}

/** The environment variable that names the descriptor on which a background node reports. */
export const readyDescriptor = 'ATOLL_READY_FD'
/** What belongs to the session that happens to start the node, and not to the node. */
const sessionVariables = ['ATOLL_MESH', 'ATOLL_SESSION', 'ATOLL_CHANNEL', 'CLAUDE_CODE_SESSION_ID', 'CLAUDE_PROJECT_DIR', 'CLAUDECODE']

/**
 * Starts a node that outlives this process and resolves when it is ready: the child says so, or why not, in
 * one line on a pipe it inherits, so nothing is polled or guessed. The profile directory must exist.
 */
export async function startNode({ home, env, program, signal }: StartNodeOptions): Promise<void> {
  const childEnv: Record<string, string | undefined> = { ...nodeEnvironment, ...env, ATOLL_HOME: home, [readyDescriptor]: '3' }
  for (const name of sessionVariables) delete childEnv[name]
  const log = openSync(join(home, 'node.log'), 'a', 0o600)
  try {
    const child = spawn(process.execPath, [...nodeOptions, program, 'up', '--background'], { cwd: home, env: childEnv, detached: true, stdio: ['ignore', 'ignore', log, 'pipe'] })
    child.unref()
    const failed = new Promise<never>((_, reject) => child.once('error', (error) => reject(new AtollError('node_unreachable', { why: `it could not be started: ${error.message}` }, { cause: error }))))
    const report = await Promise.race([firstLine(child.stdio[3] as NodeJS.ReadableStream, signal), failed])
    readReport(report)
  } finally {
    closeSync(log)
  }
}

/** Resolves with the first line, or with null when the stream ended without one. */
async function firstLine(stream: NodeJS.ReadableStream, signal: AbortSignal): Promise<string | null> {
  const abandon = () => (stream as unknown as { destroy(error?: Error): void }).destroy(new AtollError('cancelled'))
  signal.addEventListener('abort', abandon)
  try {
    signal.throwIfAborted()
    let text = ''
    for await (const chunk of stream) {
      text += String(chunk)
      const end = text.indexOf('\n')
      if (end >= 0) return text.slice(0, end)
    }
    return null
  } finally {
    signal.removeEventListener('abort', abandon)
  }
}

function readReport(line: string | null): void {
  if (line === null) throw new AtollError('node_unreachable', { why: 'it ended while it was starting; `atoll logs` shows why' })
  const report = JSON.parse(line) as { ready?: boolean; error?: unknown }
  if (report.ready === true) return
  const error = wireError.safeParse(report.error)
  throw error.success ? fromWire(error.data) : new AtollError('node_unreachable', { why: 'its report made no sense' })
}
