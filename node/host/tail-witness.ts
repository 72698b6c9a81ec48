/**
 * The proof that a profile's logs end where the store says (rule D4): a small file in memory-backed storage, outside
 * the profile. A copied or restored profile does not bring it along, a reboot empties the place, and it is destroyed
 * when taken; so whoever finds one that fits the store holds the true end. Without such a place every start begins new
 * logs, which is always safe.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { EntryId, LogId } from '../../crdt/wire/ids.ts'
import { noWitness, type LogEnd, type Witness } from '../ports/witness.ts'

const tmpfs = 0x01021994
const ends = z.object({ boot: z.string(), ends: z.array(z.object({ log: z.string(), seq: z.number().int(), id: z.string() })).max(2) })

/** @param device whose logs they are */
export function tailWitness(device: string, env: Readonly<Record<string, string | undefined>>): Witness {
  const boot = bootId()
  const place = memoryPlace(env)
  if (boot === undefined || place === undefined) return noWitness
  const path = (mesh: string): string => join(place, `${device.slice(0, 24)}-${mesh.slice(0, 24)}.json`)
  return {
    take(mesh) {
      let text: string
      try {
        text = readFileSync(path(mesh), 'utf8')
        rmSync(path(mesh))
      } catch {
        // None there, or it cannot be destroyed: either way it proves nothing.
        return []
      }
      const parsed = ends.safeParse(parseJson(text))
      return parsed.success && parsed.data.boot === boot ? parsed.data.ends.map(({ log, seq, id }): LogEnd => ({ log: log as LogId, seq, id: id as EntryId })) : []
    },
    leave(mesh, left) {
      if (left.length > 0) writeFileSync(path(mesh), JSON.stringify({ boot, ends: left }), { mode: 0o600 })
    },
  }
}

/** A directory of our own in memory-backed storage, private to this user. */
function memoryPlace(env: Readonly<Record<string, string | undefined>>): string | undefined {
  for (const base of [env['XDG_RUNTIME_DIR'], '/dev/shm']) {
    if (base === undefined || base === '') continue
    try {
      if (statfsSync(base).type !== tmpfs) continue
      const place = join(base, `atoll-${process.getuid?.() ?? 0}`)
      mkdirSync(place, { recursive: true, mode: 0o700 })
      const { uid, mode } = statSync(place)
      if (uid !== process.getuid?.()) continue
      if ((mode & 0o077) !== 0) chmodSync(place, 0o700)
      return place
    } catch {
      // Not usable here; the next one may be.
    }
  }
  return undefined
}

/** Names this boot of the machine, where the system tells. */
function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return undefined
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
