import * as z from 'zod'
import { limits } from '../../../crdt/wire/limits.ts'
import { boundedText } from '../bounded-text.ts'

/** 32 bytes in hexadecimal digits. */
export const hex32 = () => z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')

/** An address as others dial it. */
export const addressText = () => boundedText('An address', limits.addressBytes)

/** A device and where it was last reached. */
export const peerPlace = z.object({ device: hex32(), addresses: z.array(addressText()).max(limits.backupAddresses) })
