/** `atoll up`: the node in the foreground; with `--background` the body of the one that other commands start. */
import { closeSync, writeSync } from 'node:fs'
import { runNode, stopDeadlineMs, type Ready } from '../../node/host/run-node.ts'
import { readyDescriptor } from '../../node/host/start-node.ts'
import { toAtollError } from '../../node/ports/errors.ts'
import { toWire } from '../../node/rpc/wire-error.ts'
import type { Command, CommandInput } from '../command.ts'
import { giveBackMemory } from '../give-back-memory.ts'
import type { Surface } from '../surface.ts'
import { version } from '../version.ts'

/** The command, with the surface's way to a peer. */
export function upCommand({ openPeer }: Pick<Surface, 'openPeer'>): Command {
  return {
    name: 'up',
    summary: 'Run the node in the foreground',
    usage: ['atoll up [--listen HOST:PORT] [--listen-ws HOST:PORT] [--network on|off] [--metrics HOST:PORT] [--log-level LEVEL]'],
    example: 'atoll up --listen 0.0.0.0:4001',
    positional: [],
    options: {
      listen: { type: 'string', doc: 'Addresses for TCP, HOST:PORT with commas; port 0 picks one' },
      'listen-ws': { type: 'string', doc: 'The same for WebSocket' },
      network: { type: 'string', doc: 'on, or off to work without any connection' },
      metrics: { type: 'string', doc: 'Where Prometheus reads numbers of this node, on this machine' },
      'log-level': { type: 'string', doc: 'error, warn, info or debug' },
      background: { type: 'boolean', doc: 'Log to the profile’s node.log instead of standard error; commands start it so' },
    },
    stopWithinMs: stopDeadlineMs + 1_000,
    run: async (input) => {
      const background = input.values['background'] === true
      const say = background ? reportTo(input.env) : null
      using _ = giveBackMemory(0.05)
      try {
        const inTime = await runNode({
          home: input.home,
          env: input.env,
          version,
          flags: flagsOf(input),
          logTo: background ? 'file' : 'stderr',
          openPeer,
          signal: input.signal,
          ready: (node) => (say === null ? announce(node, input) : say({ ready: true, pid: process.pid })),
        })
        return inTime ? 0 : 1
      } catch (error) {
        say?.({ error: toWire(toAtollError(error)) })
        throw error
      }
    },
  }
}

function flagsOf({ values }: CommandInput): Partial<Record<'listen' | 'listen_ws' | 'network' | 'metrics' | 'log_level', string>> {
  const given = [['listen', values['listen']], ['listen_ws', values['listen-ws']], ['network', values['network']], ['metrics', values['metrics']], ['log_level', values['log-level']]] as const
  return Object.fromEntries(given.filter(([, value]) => typeof value === 'string'))
}

function announce({ device, addresses, socket }: Ready, { json, terminal }: CommandInput): void {
  if (json) return terminal.json({ device, addresses, socket })
  terminal.out(`The node is up. Device ${device}`)
  for (const address of addresses) terminal.out(`  reachable at ${address}`)
  terminal.out(`  commands attach at ${socket}; Ctrl-C stops it`)
}

/** One line to the process that started this one, if it waits for any; then it is let go. */
function reportTo(env: CommandInput['env']): (report: Readonly<Record<string, unknown>>) => void {
  let descriptor: number | null = env[readyDescriptor] === undefined ? null : Number(env[readyDescriptor])
  return (report) => {
    if (descriptor === null) return
    try {
      writeSync(descriptor, `${JSON.stringify(report)}\n`)
      closeSync(descriptor)
    } catch (error) {
      // Whoever waited has gone away: the node runs on for the others.
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
    } finally {
      descriptor = null
    }
  }
}
