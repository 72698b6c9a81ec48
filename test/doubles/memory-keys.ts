import type { KeysService } from '../../node/ports/services.ts'

/** Keys of a MemoryPeer's mesh: nothing is sealed with them. */
export function memoryKeys(): KeysService {
  let schedule = { days: 30, megabytes: 1024, entries: 1_000_000 }
  let made = 1
  return {
    rotate: async () => ({ epoch: `epoch${++made}`, devices: 2 }),
    schedule: async (change) => {
      schedule = { ...schedule, ...(Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<typeof schedule>) }
      return { ...schedule, epoch: `epoch${made}`, since: 0, sealed_bytes: 0, sealed_entries: 0 }
    },
  }
}
