import { AtollError } from '../../node/ports/errors.ts'

/** Agents that `install` knows. */
const agents = ['claude'] as const
/** The name of one. */
export type Agent = (typeof agents)[number]

/** The agent that was named. Throws bad_input where none, or an unknown one, was. */
export function requireAgent(name: string | undefined): Agent {
  const agent = agents.find((known) => known === name)
  if (agent !== undefined) return agent
  const said = name === undefined ? 'Say which agent' : `Atoll cannot install itself into ${JSON.stringify(name)}`
  throw new AtollError('bad_input', { what: `${said}: ${agents.map((known) => `\`atoll install ${known}\``).join(', ')}.` })
}
