/** Fields of profiles as values of their registers: parsed when they come from a peer, checked when they are typed here. */
import * as z from 'zod'
import { profileRegister } from '../../../crdt/docs/need.ts'
import { readRegister } from '../../../crdt/docs/registers.ts'
import { profileFields, type ProfileField } from '../../../crdt/members/policy.ts'
import { utf8Length } from '../../../crdt/wire/codec.ts'
import type { MemberId } from '../../../crdt/wire/ids.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Profile } from '../../ports/services.ts'
import type { WriteSpec } from '../replica/author.ts'
import type { Replica } from '../replica/replica.ts'
import { checkName, type Names } from './names.ts'

type Fields = Pick<Profile, 'title' | 'bio' | 'avatar' | 'capabilities'>

export const allFields = Object.keys(profileFields) as readonly ProfileField[]

const upTo = (limit: number): z.ZodString => z.string().min(1).refine((text) => utf8Length(text) <= limit)
const shapes = { title: upTo(limits.titleBytes), bio: upTo(limits.bioBytes), avatar: upTo(limits.avatarBytes) }
const capabilities = z.array(upTo(limits.capabilityBytes)).max(limits.capabilitiesPerMember)

/** What is known of a member; what does not fit its shape is as good as not there. */
export function readProfile({ store }: Pick<Replica, 'store'>, member: MemberId): Fields {
  const read = <T>(field: ProfileField, schema: z.ZodType<T>): T | undefined => {
    const [version] = readRegister(store, 'members', profileRegister(member, field))
    const parsed = version && !version.deleted ? schema.safeParse(JSON.parse(version.value)) : undefined
    return parsed?.success ? parsed.data : undefined
  }
  const text = (field: keyof typeof shapes): string | null => read(field, shapes[field]) ?? null
  return { title: text('title'), bio: text('bio'), avatar: text('avatar'), capabilities: read('capabilities', capabilities) ?? [] }
}

/** The change that gives a field what was typed; an empty text clears it. Throws name_invalid, value_too_large or bad_input. */
export function profileChange(names: Names, member: MemberId, field: ProfileField, typed: string): WriteSpec {
  const at = { doc: 'members', key: profileRegister(member, field) }
  if (field === 'name') return { type: 'set', ...at, value: JSON.stringify({ ...names.profile(member), name: checkName(typed) }) }
  const text = typed.normalize('NFC').trim()
  if (text === '') return { type: 'delete', ...at }
  if (field !== 'capabilities') return { type: 'set', ...at, value: JSON.stringify(bounded(`The ${field}`, text, limits[`${field}Bytes`])) }
  const words = [...new Set(text.split(',').map((word) => word.trim()).filter((word) => word !== ''))]
  if (words.length > limits.capabilitiesPerMember) throw new AtollError('bad_input', { what: `These are ${words.length} capabilities; at most ${limits.capabilitiesPerMember} are allowed. Leave some out.` })
  return { type: 'set', ...at, value: JSON.stringify(words.map((word) => bounded(`The capability ${word.slice(0, 20)}`, word, limits.capabilityBytes))) }
}

function bounded(what: string, text: string, limit: number): string {
  const size = utf8Length(text)
  if (size > limit) throw new AtollError('value_too_large', { what, size, limit })
  return text
}
