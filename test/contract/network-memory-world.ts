import { toHex, type DeviceId } from '../../crdt/wire/ids.ts'
import { MemoryWorld } from '../../node/peer/memory-network-world.ts'
import { VirtualRuntime } from '../../node/peer/virtual-runtime.ts'
import type { NetworkWorld } from './network-pair.ts'

const patienceMs = 120_000

/** The contract's world in memory, by virtual time. */
export async function memoryWorld(): Promise<NetworkWorld> {
  const runtime = new VirtualRuntime({ seed: 'network contract', turn: () => new Promise((done) => setImmediate(done)) })
  const world = new MemoryWorld({ runtime })
  return {
    path: 'direct:tcp',
    peer: async () => world.join(toHex(runtime.random.bytes(32)) as DeviceId),
    introduce: () => {},
    stall: (from, to) => world.stall(from.device, to.device),
    settled: (promise) => runtime.resolve(promise, patienceMs),
    until: (condition, what) => runtime.runUntil(condition, patienceMs, what),
    [Symbol.asyncDispose]: async () => runtime[Symbol.dispose](),
  }
}
