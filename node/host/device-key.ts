/** The secrets of this device: one file, 0600 in a 0700 directory, made once. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { fromHex, toHex } from '../../crdt/wire/ids.ts'
import { AtollError } from '../ports/errors.ts'
import { requirePrivate } from './profile.ts'
import { writeDurably } from './write-durably.ts'

const secret = z.string().regex(/^[0-9a-f]{64}$/)
const file = z.object({ version: z.literal(1), seed: secret, sealing: secret })

export interface DeviceSecrets {
  readonly seed: Uint8Array
  readonly sealingSecret: Uint8Array
}

/** Forgets the keys of a device that is no more: the next run makes others. */
export const forgetDevice = (home: string): void => rmSync(join(home, 'device.key'), { force: true })

/** Reads the keys, making them on the first run. Throws profile_modes where others could read them, device_key_damaged where there are none in the file. */
export function deviceSecrets(home: string): DeviceSecrets {
  const path = join(home, 'device.key')
  if (!existsSync(path)) writeDurably(path, `${JSON.stringify({ version: 1, seed: toHex(randomBytes(32)), sealing: toHex(randomBytes(32)) })}\n`)
  requirePrivate(path)
  try {
    const { seed, sealing } = file.parse(JSON.parse(readFileSync(path, 'utf8')))
    return { seed: fromHex(seed), sealingSecret: fromHex(sealing) }
  } catch (error) {
    // The cause may quote the file, so it is not passed on.
    throw new AtollError('device_key_damaged', { path, why: error instanceof SyntaxError ? 'it is not JSON' : 'it does not hold a device key' })
  }
}
