import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What is reserved beyond what was in use after the last collection, before another one is worth its pause. */
const spareBytes = 12 * 1024 * 1024

type Collect = (options: { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'last-resort' }) => void

/**
 * Returns memory to the system while a long-running process is quiet. V8 keeps what a burst needed (a thousand
 * handshakes, a large file) as long as a little is allocated now and then, which heartbeats do.
 * @param quiet the part of one processor below which a pause of some tenths of a second is nobody's loss
 * @param everyMs how often it is looked at
 */
export function giveBackMemory(quiet: number, everyMs = 15_000): Disposable {
  let cpu = process.cpuUsage()
  let needed = 0
  let collect: Collect | undefined
  const timer = setInterval(() => {
    const used = process.cpuUsage(cpu)
    cpu = process.cpuUsage()
    const busy = (used.user + used.system) / 1000 / everyMs >= quiet
    const { heapTotal, external } = process.memoryUsage()
    if (busy || heapTotal + external < needed + spareBytes) return
    collect ??= collector()
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
    const after = process.memoryUsage()
    needed = after.heapTotal + after.external
  }, everyMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** V8's own collection, which is not there until it is asked for. */
function collector(): Collect {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as Collect
}
