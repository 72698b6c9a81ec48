/** The commands that are not derived from operations. Each is loaded only when it is called or asked for help. */
import type { Command } from '../command.ts'
import type { Surface } from '../surface.ts'

export interface SpecialCommand {
  readonly name: string
  /** One line for `atoll help`, so that help loads none of them. */
  readonly summary: string
  load(surface: Surface): Promise<Command>
}

export const specialCommands: readonly SpecialCommand[] = [
  { name: 'up', summary: 'Run the node in the foreground', load: async (surface) => (await import('./up.ts')).upCommand(surface) },
  { name: 'down', summary: 'Stop the node', load: async (surface) => (await import('./down.ts')).downCommand(surface) },
  { name: 'status', summary: 'What the node is doing; says so when none runs', load: async (surface) => (await import('./status.ts')).statusCommand(surface) },
  { name: 'logs', summary: 'Show what the node wrote to its log', load: async () => (await import('./logs.ts')).command },
  { name: 'backup', summary: 'Write down what brings you back to your meshes when this machine is lost', load: async (surface) => (await import('./backup.ts')).backupCommand(surface) },
  { name: 'restore', summary: 'Come back to your meshes on an empty machine', load: async (surface) => (await import('./restore.ts')).restoreCommand(surface) },
  { name: 'device link', summary: 'Take another device of yours into the mesh', load: async (surface) => (await import('./device-link.ts')).deviceLinkCommand(surface) },
  { name: 'relay', summary: 'Run a relay that helps peers meet; it can read nothing', load: async () => (await import('./relay.ts')).command },
  { name: 'mcp', summary: 'Serve the mesh to an agent over MCP on stdin and stdout', load: async (surface) => (await import('./mcp.ts')).mcpCommand(surface) },
  { name: 'install', summary: 'Register Atoll with a coding agent', load: async () => (await import('./install.ts')).command },
  { name: 'uninstall', summary: 'Take that registration back, exactly', load: async () => (await import('./uninstall.ts')).command },
  { name: 'monitor', summary: 'Print messages as they arrive, to wake an idle agent', load: async () => (await import('./monitor.ts')).command },
  { name: 'hook', summary: 'Answer a coding agent’s hook', load: async () => (await import('./hook.ts')).command },
]
