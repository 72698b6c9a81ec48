/** Linking from the side of the new device: what `join` does with a link for a device. */
import { deviceNameKey } from '../../../crdt/docs/need.ts'
import { deviceLinkCode, deviceLinkKey, inTwoGroups, parseDeviceLink, type DeviceLink } from '../../../crdt/members/device-link.ts'
import { protocols } from '../../../crdt/wire/protocols.ts'
import { AtollError } from '../../ports/errors.ts'
import type { FrameStream } from '../../ports/network.ts'
import type { Joined } from '../../ports/services.ts'
import { LinkTalk } from '../join/be-linked.ts'
import { checkName } from '../mesh/names.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { enterMesh, untilNextRound } from './enter-mesh.ts'
import { joined } from './joined.ts'
import { linkRefusal } from './link-refusal.ts'
import { placesOf } from './places-of.ts'
import type { ServicesHost } from './services-host.ts'

/** How long the person may take to carry the code over; the link itself lasts no longer. */
const confirmWithinMs = 30 * 60_000

interface How {
  /** What this device shall be called. */
  readonly name: string | undefined
  readonly wait: boolean
  readonly progress: (text: string) => void
  readonly signal: AbortSignal
}

/** Throws device_link_closed, device_away, device_not_linkable, already_joined, offline. */
export async function joinByDeviceLink(peer: ServicesHost, pasted: string, how: How): Promise<Joined> {
  const parsed = parseDeviceLink(pasted)
  if (!parsed.ok) throw linkRefusal(parsed)
  const { link } = parsed
  const { config, profile, runtime } = peer.needs
  const name = how.name === undefined ? undefined : checkName(how.name)
  if (config.current().network === 'off') throw new AtollError('offline')
  if (link.device === peer.identity.device) throw new AtollError('device_not_linkable', { why: 'it made this link itself' })
  const stream = await reach(peer, link, how)
  using talk = await LinkTalk.begin(stream, { link, identity: peer.identity, name: name ?? profile.machine, runtime, signal: how.signal })
  how.progress(`type this code on your other device: ${inTwoGroups(talk.code)}`)
  const meshes = await talk.accepted(confirmWithinMs)
  const wanted = meshes.filter((mesh) => !peer.meshes.has(mesh))
  const entered: RunningMesh[] = []
  // Where it is in all of them, the first says so.
  for (const mesh of wanted.length > 0 ? wanted : meshes) entered.push(await enterMesh(peer, mesh, (replica) => talk.enter(replica)))
  talk.done()
  const [first] = entered
  if (!first) throw new AtollError('device_link_closed')
  how.progress('linked; fetching what there is')
  for (const mesh of entered) {
    const member = mesh.replica.membership.memberOf(peer.identity.device)
    if (member && name !== undefined) await mesh.replica.write([{ type: 'set', doc: 'members', key: deviceNameKey(member, peer.identity.device), value: JSON.stringify({ name }) }])
    await peer.caughtUp(mesh, how.signal)
  }
  const [answer, ...others] = entered.flatMap((mesh) => {
    const member = mesh.replica.membership.memberOf(peer.identity.device)
    return member ? [joined(mesh, member)] : []
  })
  return { ...(answer as Joined), others: others.map((other) => other.name) }
}

/** A stream to the device that made the link. Nobody else will do. */
async function reach(peer: ServicesHost, link: DeviceLink, { wait, progress, signal }: How): Promise<FrameStream> {
  const { network, log, runtime } = peer.needs
  const code = deviceLinkCode(deviceLinkKey(link.secret).publicKey)
  for (let round = 0; ; round++) {
    signal.throwIfAborted()
    progress(round === 0 ? 'looking for your other device' : 'your other device is not there yet; waiting')
    try {
      await placesOf(peer, { device: link.device, addresses: link.addresses, code }, signal)
      return await network.open(link.device, protocols.device, signal)
    } catch (error) {
      signal.throwIfAborted()
      log.info('device_not_reached', { why: String(error) })
      if (!wait) throw new AtollError('device_away', {}, { cause: error })
    }
    await untilNextRound(runtime, signal)
  }
}
