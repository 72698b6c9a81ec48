/** `atoll device link`: shows the link, waits for the new device, and asks for the code that it shows. */
import { cleanText } from '../../node/ops/clean-text.ts'
import { AtollError } from '../../node/ports/errors.ts'
import type { Client } from '../../node/rpc/client-types.ts'
import type { Command, CommandInput } from '../command.ts'
import { Progress } from '../progress.ts'
import { openClient, type Surface } from '../surface.ts'

/** The command, with the surface whose node makes the link. */
export function deviceLinkCommand(surface: Surface): Command {
  return {
    name: 'device link',
    summary: 'Take another device of yours into the mesh',
    usage: ['atoll device link [--all] [--lasts TIME]'],
    example: 'atoll device link',
    positional: [],
    options: {
      all: { type: 'boolean', doc: 'Into all your meshes, not only this one.' },
      lasts: { type: 'string', doc: 'How long the link is good for, such as 30m (10m).' },
    },
    run: async (input) => {
      if (input.positionals.length > 0) throw new AtollError('bad_input', { what: 'Nothing follows `atoll device link`: the new device is named by `atoll join LINK` there.' })
      const { values, json, terminal, signal } = input
      const mesh = values['mesh']
      await using client = await openClient(surface, { mesh: typeof mesh === 'string' ? mesh : undefined, ownNode: values['own-node'] === true })
      const lasts = values['lasts']
      const made = await client.device.link({ all: values['all'] === true, ...(typeof lasts === 'string' ? { lasts } : {}) }, { signal })
      if (json) return (terminal.json(made), 0)
      const asks = terminal.interactive && process.stdin.isTTY === true
      if (asks) for (const line of made.qr) terminal.out(line)
      terminal.out(made.link)
      terminal.err(cleanText(`On the new device: \`atoll join LINK\`, or scan it. It leads into ${made.meshes.join(', ')}, as you, once you have typed the code here that it shows.`))
      if (asks) return await askForCode(client, surface, input)
      terminal.err('`atoll device wait` says who asks; `atoll device confirm CODE` links it.')
      return 0
    },
  }
}

async function askForCode(client: Client, surface: Surface, { terminal, signal }: CommandInput): Promise<number> {
  const { device, name } = await waiting(surface, 'waiting for the new device', () => client.device.wait({}, { signal }))
  terminal.out(cleanText(`A device asks: ${device.slice(0, 12)}, which calls itself ${name}.`))
  const { createInterface } = await import('node:readline/promises')
  const question = createInterface({ input: process.stdin, output: process.stderr })
  try {
    for (;;) {
      const code = (await question.question('Type the code that your new device shows (nothing refuses it): ', { signal })).trim()
      if (code === '') {
        await client.device.refuse({}, { signal })
        throw new AtollError('cancelled')
      }
      try {
        const { meshes } = await waiting(surface, 'linking', () => client.device.confirm({ code }, { signal }))
        terminal.out(cleanText(`It is yours now, in ${meshes.join(', ')}. \`atoll device rename ${device.slice(0, 12)} NAME\` gives it a name.`))
        return 0
      } catch (error) {
        if (!(error instanceof AtollError) || (error.code !== 'code_wrong' && error.code !== 'bad_input')) throw error
        terminal.err(error.message)
      }
    }
  } finally {
    question.close()
  }
}

async function waiting<T>(surface: Surface, what: string, call: () => Promise<T>): Promise<T> {
  using progress = new Progress(surface.terminal, surface.now)
  progress.update(what)
  return await call()
}
