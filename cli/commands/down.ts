/** `atoll down`: stops the node and returns when the profile is free. */
import { setTimeout as pause } from 'node:timers/promises'
import { isProfileLocked } from '../../node/host/lock.ts'
import { AtollError } from '../../node/ports/errors.ts'
import type { Command } from '../command.ts'
import { runningClient } from '../running-client.ts'
import type { Surface } from '../surface.ts'

const stopMs = 10_000
const pauseMs = 20

/** The command, with the surface it stops the node of. */
export function downCommand(surface: Surface): Command {
  return {
    name: 'down',
    summary: 'Stop the node',
    usage: ['atoll down'],
    example: 'atoll down',
    positional: [],
    options: {},
    run: async ({ json, terminal }) => {
      const stopped = await stopNode(surface)
      if (json) terminal.json({ stopped })
      else terminal.out(stopped ? 'The node has stopped.' : 'No node is running on this profile.')
      return 0
    },
  }
}

async function stopNode(surface: Surface): Promise<boolean> {
  const client = await runningClient(surface)
  if (client === null) return false
  await client.callUntyped('node.stop', {}, { signal: surface.signal })
  await client.closed
  const deadline = AbortSignal.timeout(stopMs)
  const signal = AbortSignal.any([deadline, surface.signal])
  // The lock ends with the process, so this is a fact and not a guess from a process id.
  while (isProfileLocked(surface.home)) {
    if (deadline.aborted) throw new AtollError('timed_out', { seconds: stopMs / 1000, what: 'the node is still closing' })
    if (signal.aborted) throw new AtollError('cancelled')
    await pause(pauseMs)
  }
  return true
}
