/**
 * The membership fold against its reference model, on random small histories (rules T3 to T6): by brute force over
 * sets of operations exactly one is consistent, and the fold finds it in whatever order the entries arrive.
 *
 * ATOLL_LONG=1 tries 40,000 histories, ATOLL_SEED=n only that one. A seed that ever failed goes into `keptSeeds`.
 */
import { expect, test } from 'vitest'
import type { Grant, MemberEntry } from '../../crdt/members/history.ts'
import { outranks } from '../../crdt/members/history.ts'
import { Membership } from '../../crdt/members/membership.ts'
import type { OpOf } from '../../crdt/members/ops.ts'
import { Reference } from '../../crdt/members/reference.ts'
import { rank, readers } from '../../crdt/members/roles.ts'
import type { EntryId } from '../../crdt/wire/ids.ts'
import { believe, Dice, mesh, randomHistory, shuffled, tell, without } from './random-history.ts'

const long = process.env['ATOLL_LONG'] === '1'
const histories = long ? 40_000 : 2_000
const keptSeeds: readonly number[] = []

test('T3 T4 T5 T6: every history has one reading, and the fold finds it in any order of arrival', { timeout: long ? 3_600_000 : 180_000 }, () => {
  const tally = new Tally()
  const seeds = process.env['ATOLL_SEED'] ? [Number(process.env['ATOLL_SEED'])] : [...keptSeeds, ...Array.from({ length: histories }, (_, seed) => seed)]
  for (const seed of seeds) {
    const history = randomHistory(seed)
    const wrong = problem(history, seed, tally)
    if (wrong) throw new Error(report(seed, history, wrong))
  }
  console.log(tally.words(seeds.length))
  expect(seeds.length < 1000 ? [] : tally.tooRare(seeds.length), 'a search that meets no conflict shows nothing').toEqual([])
})

/** What is wrong with how a history is read, or undefined. */
function problem(entries: readonly MemberEntry[], seed: number, tally?: Tally): string | undefined {
  try {
    const reference = new Reference(entries)
    const all = new Set(entries.map(({ id }) => id))
    const [standing, ...others] = reference.readings(all)
    if (!standing || others.length > 0) return `${standing ? others.length + 1 : 0} readings`
    // The model leaves out of its search what nothing can take. On every eighth history it searches all the same.
    if (seed % 8 === 0 && reference.valid.size <= 11 && reference.readings(all, new Set(reference.valid.keys())).length !== 1) return 'not one reading when all sets are tried'
    tally?.count(reference, standing)
    const dice = new Dice(seed)
    for (const order of [entries, shuffled(entries, dice), shuffled(entries, dice)]) {
      const wrong = difference(order, reference, standing, dice)
      if (wrong) return wrong
    }
  } catch (error) {
    return `threw: ${String(error)}`
  }
  return undefined
}

/** Where production disagrees with the model, or with what the rules promise in so many words. */
function difference(order: readonly MemberEntry[], reference: Reference, standing: ReadonlySet<EntryId>, dice: Dice): string | undefined {
  const membership = new Membership(mesh, believe)
  for (const entry of order) {
    const before = dice.chance(0.5) ? standingIn(membership) : undefined
    const knewAll = membership.frontier().every((id) => entry.parents.includes(id))
    // A frontier may name its predecessor once more.
    const refusal = membership.add(dice.chance(0.2) ? { ...entry, parents: [...entry.parents, ...entry.parents.slice(0, 1)] } : entry)
    if ((refusal === undefined) !== reference.valid.has(entry.id)) return `${entry.id.slice(0, 6)} is ${refusal ?? 'allowed'}; the model says otherwise`
    if (before && knewAll && !before.every((id) => standingIn(membership).includes(id))) return `${entry.id.slice(0, 6)}, which knew all, changed what stands`
  }
  const restored = new Membership(mesh, () => { throw new Error('verified again') })
  for (const entry of order) restored.restore(entry, membership.refusals.get(entry.id))
  const expected = [...standing].sort().join()
  for (const one of [membership, restored]) {
    if (standingIn(one).join() !== expected) return `the fold reads ${standingIn(one).map((id) => id.slice(0, 6)).join(' ')}; the model ${[...standing].sort().map((id) => id.slice(0, 6)).join(' ')}`
  }
  return listsDiffer(membership, reference, standing) ?? brokenPromise(membership)
}

function standingIn(membership: Membership): EntryId[] {
  const { reading } = membership.now()
  return membership.history.entries.filter((_, at) => reading.stands(at)).map(({ id }) => id).sort()
}

function listsDiffer(membership: Membership, reference: Reference, standing: ReadonlySet<EntryId>): string | undefined {
  const view = membership.now()
  const devices = view.devices()
  if (devices.map(({ device }) => device).join() !== reference.devices(standing).join()) return 'other devices'
  for (const { device, grant, role, member } of devices) {
    const best = reference.grantsOf(device, standing)[0] as EntryId
    if (best !== grant || role !== reference.role(best) || member !== reference.member(best)) return `device ${device.slice(0, 3)} is ${role} by ${grant.slice(0, 6)}`
  }
  const grants = reference.grants(standing)
  const members = [...new Set(grants.map(reference.member))]
  if (view.members().map(({ id }) => id).sort().join() !== members.sort().join()) return 'other members'
  for (const { id, role, status, devices: own } of view.members()) {
    const all = grants.filter((grant) => reference.member(grant) === id)
    const live = all.filter((grant) => reference.isLive(grant, standing))
    const ranks = (live.length > 0 ? live : all).map((grant) => rank(reference.role(grant)))
    const taken = all.some((grant) => reference.takers(grant, standing).length > 0)
    if (rank(role) !== Math.max(...ranks) || status !== (live.length > 0 ? 'active' : taken ? 'removed' : 'left')) return `member ${id.slice(0, 3)} is ${role}, ${status}`
    const expected = reference.devices(standing).filter((device) => reference.grantsOf(device, standing).some((grant) => reference.member(grant) === id))
    if (own.join() !== expected.join()) return `member ${id.slice(0, 3)} has other devices`
  }
  return undefined
}

/** What DESIGN promises, said again without the fold's own terms. */
function brokenPromise(membership: Membership): string | undefined {
  const { history } = membership
  const { reading } = membership.now()
  const view = membership.now()
  const standing = history.entries.map((entry, at) => ({ entry, at })).filter(({ at }) => reading.stands(at))
  for (const { entry, at } of standing) {
    const { op } = entry
    // T3: a chain of standing grants leads to the founding, and none exceeds its giver's role.
    const grant = history.grants.get(at)
    if (grant?.parent !== undefined && (!reading.stands(grant.parent) || rank((history.grants.get(grant.parent) as Grant).role) < rank(grant.role))) return 'a grant without a giver'
    if (op.type !== 'remove' && op.type !== 'removeDevice') continue
    for (const other of standing) {
      if (other.at === at || history.inPast(at, other.at) || other.entry.op.type === 'found') continue
      const used = history.grantBehind(other.at)
      if (history.inPast(used.at, at)) continue
      // T4: what the removed sign outside the removal's past has no effect.
      if (op.type === 'remove' && used.member === op.member && outranks(history.grantBehind(at), used, history)) return 'a removed member had effect'
      if (op.type === 'removeDevice' && other.entry.device === op.device && reading.deviceTakers(op.device, used).includes(at) && !(other.entry.op.type === 'removeDevice' && other.entry.op.rootProof)) return 'a removed device had effect'
    }
  }
  for (const epoch of view.epochs()) {
    const at = history.at(epoch) as number
    const given = history.entries.filter(({ op }, place) => history.valid[place] && (place === at || (op.type === 'share' && op.epoch === epoch)))
    const holders = given.flatMap(({ op }) => (op as OpOf<'rotate' | 'share'>).recipients)
    // T6: nobody who is out can read what is written from here on.
    if (holders.some(({ device }) => !readers.has(view.device(device)?.role ?? 'mirror'))) return 'an epoch that an outsider can read'
    if (standing.some(({ entry, at: taker }) => ['remove', 'removeDevice', 'leave'].includes(entry.op.type) && !history.inPast(at, taker))) return 'an epoch that does not know of a removal'
  }
  return undefined
}

/** A failure with the fewest operations that still show it. */
function report(seed: number, history: MemberEntry[], wrong: string): string {
  let least = history
  for (let shrunk = true; shrunk; ) {
    const smaller = least.slice(1).map((entry) => without(least, entry)).find((fewer) => problem(fewer, seed) !== undefined)
    shrunk = smaller !== undefined
    least = smaller ?? least
  }
  return `seed ${seed}: ${wrong}\n${tell(history)}\n\nleast: ${problem(least, seed)}\n${tell(least)}`
}

/** What really happened in the histories: a search that met no conflict has shown nothing. */
class Tally {
  readonly #counts = new Map<string, number>()
  #largest = 0

  count(reference: Reference, standing: ReadonlySet<EntryId>): void {
    const entries = [...reference.entries.values()]
    this.#largest = Math.max(this.#largest, entries.length)
    this.#note('entries', entries.length)
    this.#note('refused at their frontier', entries.length - reference.valid.size)
    const disputed = reference.disputed(new Set(reference.entries.keys()))
    this.#note('disputed', disputed.size)
    if (disputed.size > 0) this.#note('histories with a dispute', 1)
    for (const { id, op } of entries.filter((entry) => reference.valid.has(entry.id))) {
      const how = standing.has(id) ? 'stand' : 'void'
      this.#note(`${op.type === 'removeDevice' && op.rootProof ? 'root removeDevice' : op.type}: ${how}`, 1)
      if (how === 'void') this.#note('void', 1)
      if (op.type === 'admit' && op.invite && how === 'void' && entries.some((close) => close.op.type === 'close' && standing.has(close.id) && close.op.opened === op.invite?.opened && !reference.past(close.id).has(id))) this.#note('admissions void by a close', 1)
      if ((op.type === 'admit' || op.type === 'promote') && this.#isReadmission(reference, id)) this.#note('grants to somebody removed before', 1)
      if (op.type === 'promote' && how === 'stand' && this.#isSelfDealt(reference, id)) this.#note('grants through one\'s own', 1)
      if (op.type === 'link' && this.#isCrossed(reference, id)) this.#note('devices that link each other', 1)
      if (op.type === 'removeDevice' && this.#isMutual(reference, id)) this.#note('devices that remove each other', 1)
    }
    const invites = entries.filter(({ op }) => op.type === 'invite')
    for (const { id, op } of invites) if (entries.filter((entry) => entry.op.type === 'admit' && standing.has(entry.id) && entry.op.invite?.opened === id).length > (op as OpOf<'invite'>).uses) this.#note('invites overused', 1)
  }

  #isReadmission(reference: Reference, id: EntryId): boolean {
    const member = reference.member(id)
    return [...reference.past(id)].some((past) => { const { op } = reference.entries.get(past) as MemberEntry; return op.type === 'remove' && op.member === member && reference.valid.has(past) })
  }

  #isSelfDealt(reference: Reference, id: EntryId): boolean {
    const member = reference.member(id)
    for (let up: EntryId | undefined = id; up; ) {
      const { op }: MemberEntry = reference.entries.get(up) as MemberEntry
      up = op.type === 'found' ? undefined : op.grant
      if (up && reference.member(up) === member) return true
    }
    return false
  }

  #isCrossed(reference: Reference, id: EntryId): boolean {
    const { op, device } = reference.entries.get(id) as MemberEntry & { op: OpOf<'link'> }
    return [...reference.entries.values()].some((other) => other.id !== id && other.op.type === 'link' && reference.valid.has(other.id) && other.op.introduction.device === device && other.device === op.introduction.device)
  }

  #isMutual(reference: Reference, id: EntryId): boolean {
    const { op, device } = reference.entries.get(id) as MemberEntry & { op: OpOf<'removeDevice'> }
    return [...reference.entries.values()].some((other) => other.op.type === 'removeDevice' && reference.valid.has(other.id) && other.op.device === device && other.device === op.device && !reference.past(other.id).has(id) && !reference.past(id).has(other.id))
  }

  #note(what: string, times: number): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times)
  }

  words(seeds: number): string {
    return [`${seeds} histories of up to ${this.#largest} entries`, ...[...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, times]) => `  ${what}: ${times}`)].join('\n')
  }

  /** Events that are rarer than they must be for the search to mean anything: so many in a thousand histories. */
  tooRare(seeds: number): string[] {
    const least: Record<string, number> = {
      'histories with a dispute': 400, 'void': 800, 'admissions void by a close': 30,
      'remove: stand': 200, 'remove: void': 12, 'removeDevice: stand': 400, 'removeDevice: void': 100, 'root removeDevice: stand': 250, 'root removeDevice: void': 3,
      'close: stand': 150, 'close: void': 15, 'admit: void': 110, 'promote: void': 50, 'link: void': 150, 'leave: void': 60, 'rotate: void': 90, 'share: stand': 20,
      'invites overused': 8, 'grants to somebody removed before': 8, 'grants through one\'s own': 80, 'devices that link each other': 20, 'devices that remove each other': 120,
    }
    return Object.entries(least).filter(([what, times]) => (this.#counts.get(what) ?? 0) * 1000 < times * seeds).map(([what]) => what)
  }
}
