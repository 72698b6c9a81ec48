/**
 * What the sessions of this device begin with in one mesh: groups, and which messages reach them unasked. An invite may
 * bring a suggestion, which is taken over once; from then on only the person here changes it.
 */
import * as z from 'zod'
import type { MemberEntry } from '../../../crdt/members/history.ts'
import { readRegister } from '../../../crdt/docs/registers.ts'
import type { EntryId, MemberId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import type { Log } from '../../ports/log.ts'
import type { MessageMode, SessionDefaults as Defaults } from '../../ports/services.ts'
import type { Replica } from '../replica/replica.ts'

const doc = 'invites'
const rowKey = 'defaults'
const group = z.string().min(1).refine((text) => new TextEncoder().encode(text).length <= limits.nameBytes)
const shape = z.object({ groups: z.array(group).max(limits.groupsPerSession), messages: z.enum(['everyone', 'mentions', 'none']) })
const initial: Defaults = { groups: [], messages: 'everyone' }

/** What an inviter wrote beside an invite; undefined where that is nothing, or nothing that is understood. */
export function presetOf({ store }: Pick<Replica, 'store'>, opened: EntryId, inviter: MemberId | undefined): Defaults | undefined {
  const [version] = inviter === undefined ? [] : readRegister(store, doc, `${opened}/${inviter}`)
  const parsed = version && !version.deleted ? shape.safeParse(JSON.parse(version.value)) : undefined
  return parsed?.success ? parsed.data : undefined
}

/** Writes beside an invite of this device's member what newcomers by it begin with. Sealed, as all content is. */
export async function describeInvite(replica: Replica, opened: EntryId, preset: Defaults): Promise<void> {
  const by = replica.membership.memberOf(replica.identity.device) as MemberId
  await replica.write([{ type: 'set', doc, key: `${opened}/${by}`, value: JSON.stringify(shape.parse(preset)) }])
}

export class SessionDefaults {
  readonly #replica: Replica

  constructor(replica: Replica, log: Log) {
    this.#replica = replica
    replica.onCommit(({ events }) => {
      // The words of the inviter may come long after the admission, with their key.
      if (events.registers.some((one) => one.doc === doc)) this.adopt().catch((error: unknown) => log.warn('defaults_not_kept', { why: String(error) }))
    })
  }

  current(): Defaults {
    return (this.#replica.mayRead() ? this.#stored() : undefined) ?? initial
  }

  async change(to: { readonly groups?: readonly string[] | undefined; readonly messages?: MessageMode | undefined }): Promise<Defaults> {
    const { groups, messages } = this.current()
    await this.#keep(shape.parse({ groups: [...new Set(to.groups ?? groups)], messages: to.messages ?? messages }))
    return this.current()
  }

  /** Takes over what came with the invite by which this device's member is in, unless anything is kept already. */
  async adopt(): Promise<void> {
    if (this.#stored()) return
    const preset = this.#suggested()
    if (preset) await this.#keep(preset)
  }

  #suggested(): Defaults | undefined {
    const { membership, identity } = this.#replica
    const { history } = membership
    const { reading } = membership.now()
    const own = membership.memberOf(identity.device)
    for (const at of own === undefined ? [] : (history.grantsOf.get(own) ?? [])) {
      const { op } = history.entries[at] as MemberEntry
      const opened = op.type === 'admit' && op.invite && reading.isLive(at) ? history.at(op.invite.opened) : undefined
      const preset = opened === undefined ? undefined : presetOf(this.#replica, (history.entries[opened] as MemberEntry).id, history.memberOf(opened))
      if (preset) return preset
    }
    return undefined
  }

  #stored(): Defaults | undefined {
    const row = this.#replica.store.get('meta', rowKey)
    const parsed = row && shape.safeParse(JSON.parse(new TextDecoder().decode(row)))
    return parsed?.success ? parsed.data : undefined
  }

  async #keep(defaults: Defaults): Promise<void> {
    await this.#replica.note([{ table: 'meta', key: rowKey, value: new TextEncoder().encode(JSON.stringify(defaults)) }])
  }
}
