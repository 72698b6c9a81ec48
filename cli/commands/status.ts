/** `atoll status`: the operation node.status, save that it starts no node only to report on it. */
import { nodeStatus } from '../../node/ops/node/status.ts'
import type { Command } from '../command.ts'
import { printShow } from '../print-show.ts'
import { runningClient } from '../running-client.ts'
import type { Surface } from '../surface.ts'

/** The command, with the surface whose node it reports on. */
export function statusCommand(surface: Surface): Command {
  return {
    name: 'status',
    summary: 'What the node is doing; says so when none runs',
    usage: ['atoll status'],
    example: nodeStatus.example,
    positional: [],
    options: {},
    run: async ({ json, terminal, home }) => {
      const client = await runningClient(surface)
      if (client === null) {
        if (json) terminal.json({ running: false, home })
        else terminal.out(`No node is running on ${home}. \`atoll up\` starts one; most commands start one by themselves.`)
        return 0
      }
      try {
        const answer = await client.node.status({}, { signal: surface.signal })
        if (json) terminal.json({ running: true, ...answer })
        else printShow(nodeStatus.show(answer, {}), terminal, surface.now())
        return 0
      } finally {
        await client[Symbol.asyncDispose]()
      }
    },
  }
}
