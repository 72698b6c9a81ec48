/** What serves this machine only: where it may listen, and whom it refuses. */
import type { IncomingHttpHeaders } from 'node:http'

/** An IP address cannot be made to mean another machine, as a name can by whoever owns it. */
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i

/** Whether a host, as it stands in a URL, is this machine and nothing else. */
export function isLoopback(host: string): boolean {
  return loopback.test(host)
}

/**
 * What a request is refused with before anything is said to it, or undefined: a page of the web is known by its Origin, and
 * one whose name was made to resolve to this machine by its Host. Pages that this machine serves to itself may pass, as
 * editors in development are. Ports are not looked at, so that one may be forwarded.
 */
export function foreign({ host = '', origin }: IncomingHttpHeaders): '421 Misdirected Request' | '403 Forbidden' | undefined {
  if (!isLoopback(host.replace(/:\d+$/, ''))) return '421 Misdirected Request'
  if (origin !== undefined && !isLoopback(URL.parse(origin)?.hostname ?? '')) return '403 Forbidden'
  return undefined
}
