/**
 * Cables between namespaces. Kernels often come without `netem`, so a slow cable is emulated: a VXLAN tunnel carries
 * the packets in UDP through a namespace in between, where a process (slow-wire-child.ts) holds each back for a while.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import type { Namespace } from './namespace.ts'

/** One end of a cable: the interface that appears there. */
export interface End {
  readonly namespace: Namespace
  readonly name: string
}

/** What makes a cable slow. */
export interface Slowness {
  /** One way. */
  readonly latencyMs?: number
  /** In each direction; else as many as come. */
  readonly bytesPerSecond?: number
}

/** Where a slow cable passes: a namespace of its own. */
export interface SlowWire extends Slowness {
  readonly namespace: Namespace
  /** Among the slow cables of a laboratory. */
  readonly number: number
}

const vxlanPort = 4789
/** Room for a whole packet with its wrapping. */
const outerMtu = 1600

/** Joins two namespaces. */
export async function connect(one: End, other: End, slow?: SlowWire): Promise<void> {
  if (slow !== undefined) return await connectSlowly(one, other, slow)
  await one.namespace.ip(`link add ${one.name} type veth peer name ${other.name} netns ${other.namespace.name}`, `link set ${one.name} up`)
  await other.namespace.ip(`link set ${other.name} up`)
}

async function connectSlowly(one: End, other: End, { namespace: middle, latencyMs = 0, bytesPerSecond = 0, number }: SlowWire): Promise<void> {
  const args: string[] = []
  for (const [index, end] of [one, other].entries()) {
    const outer = `o-${end.name}`
    const [here, there, id] = [`10.254.${number}.${1 + 4 * index}`, `10.254.${number}.${2 + 4 * index}`, 2 * number + index]
    await connect({ namespace: end.namespace, name: outer }, { namespace: middle, name: `m${index}` })
    await middle.ip(`link set m${index} mtu ${outerMtu}`, `addr add ${there}/30 dev m${index}`)
    await end.namespace.ip(
      `link set ${outer} mtu ${outerMtu}`,
      `addr add ${here}/30 dev ${outer}`,
      `link add ${end.name} type vxlan id ${id} local ${here} remote ${there} dstport ${vxlanPort}`,
      // Else many packets come wrapped as one that is too large for any cable, and are lost beyond it.
      `link set ${end.name} gso_max_segs 1`,
      `link set ${end.name} mtu 1500 up`,
    )
    args.push(there, here, String(id))
  }
  await once(middle.start(join(import.meta.dirname, 'slow-wire-child.ts'), String(latencyMs), String(bytesPerSecond), String(vxlanPort), ...args), 'message')
}
