/** The body of `atoll up`: a node that serves its socket until it is told to stop. */
import { toAtollError } from '../ports/errors.ts'
import { openNode, type OpenNodeOptions } from './open-node.ts'
import { serveSocket } from './serve-socket.ts'
import { settledBy } from './settled-by.ts'

/** A node that was told to stop has ended after this long, one way or another. */
export const stopDeadlineMs = 5_000

export interface Ready {
  readonly device: string
  readonly addresses: readonly string[]
  readonly socket: string
}

export interface RunNodeOptions extends Omit<OpenNodeOptions, 'listens'> {
  /** Fires to stop the node. */
  readonly signal: AbortSignal
  /** Called once surfaces can attach. */
  readonly ready: (node: Ready) => void
  readonly stopWithinMs?: number
}

/** Runs until the signal fires or a surface asks the node to stop. Resolves with whether it closed in time; throws what kept it from starting. */
export async function runNode(options: RunNodeOptions): Promise<boolean> {
  const { signal, stopWithinMs = stopDeadlineMs } = options
  const node = await openNode({ ...options, listens: true })
  const { peer, log } = node
  try {
    const server = await serveSocket(node.socket, peer.host, log)
    log.info('ready', { device: peer.device, version: options.version, pid: process.pid, addresses: peer.addresses().join(' ') })
    options.ready({ device: peer.device, addresses: peer.addresses(), socket: node.socket })
    await Promise.race([fired(signal), peer.stopRequested])
    const deadline = AbortSignal.timeout(stopWithinMs)
    log.info('stopping', { why: signal.aborted ? 'signal' : 'request' })
    await server.stop(AbortSignal.any([deadline, AbortSignal.timeout(stopWithinMs / 2)]))
    const inTime = await settledBy(deadline, [closePeer(node)])
    return inTime
  } catch (error) {
    log.error('node failed', { why: toAtollError(error).message })
    await settledBy(AbortSignal.timeout(stopWithinMs), [closePeer(node)])
    throw error
  }
}

async function closePeer(node: Awaited<ReturnType<typeof openNode>>): Promise<void> {
  try {
    await node[Symbol.asyncDispose]()
  } catch (error) {
    node.log.error('closing failed', { why: toAtollError(error).message })
  }
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
