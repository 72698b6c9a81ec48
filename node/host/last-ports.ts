/**
 * The ports this node listened on last: used again where the settings leave the choice, so that peers who know an
 * address of it find it there after a restart, with no relay or discovery between them.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { writeDurably } from './write-durably.ts'

const file = z.array(z.number().int().min(1).max(65_535)).max(16)

/** `HOST:0` becomes `HOST:<last port>`, in order; anything else stays. */
export function withLastPorts(home: string, listen: readonly string[]): readonly string[] {
  const ports = read(home)
  return listen.map((address) => {
    const port = address.endsWith(':0') ? ports.shift() : undefined
    return port === undefined ? address : address.replace(/:0$/, `:${port}`)
  })
}

/** @param addresses the multiaddrs it listens on now */
export function rememberPorts(home: string, addresses: readonly string[]): void {
  const ports = [...new Set(addresses.flatMap((address) => Number(/\/tcp\/(\d+)/.exec(address)?.[1] ?? Number.NaN)))].filter((port) => port > 0)
  if (ports.length > 0 && JSON.stringify(ports) !== JSON.stringify(read(home))) writeDurably(join(home, 'ports.json'), JSON.stringify(ports))
}

function read(home: string): number[] {
  try {
    return file.parse(JSON.parse(readFileSync(join(home, 'ports.json'), 'utf8')))
  } catch {
    // None yet, or not readable: any port will do.
    return []
  }
}
