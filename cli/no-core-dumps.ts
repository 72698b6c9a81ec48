import { writeFileSync } from 'node:fs'

/**
 * Keeps this process's memory, which may hold keys, out of core dumps: on Linux no mapping is written to one
 * (core(5), coredump_filter); children take that over. Elsewhere systems make none unless told to.
 */
export function noCoreDumps(): void {
  if (process.platform !== 'linux') return
  try {
    writeFileSync('/proc/self/coredump_filter', '0')
  } catch {
    // No /proc here, or a sandbox that forbids it: then it is the system's settings that decide.
  }
}
