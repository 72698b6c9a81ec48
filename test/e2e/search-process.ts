/** What a process and its folder hold, for searching them. */
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Whether bytes hold a text, in UTF-8 or in the two-byte form in which V8 may keep it. */
export function holds(bytes: Buffer, text: string): boolean {
  return bytes.includes(Buffer.from(text, 'utf8')) || bytes.includes(Buffer.from(text, 'utf16le'))
}

/** Every writable region of a process's memory. */
export function processMemory(pid: number): Buffer[] {
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n').flatMap((line) => {
      const region = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line)
      if (!region || line.includes('[vvar]')) return []
      const [start, end] = [Number.parseInt(region[1] as string, 16), Number.parseInt(region[2] as string, 16)]
      const parts: Buffer[] = []
      for (let at = start; at < end; at += 1 << 24) {
        const part = Buffer.alloc(Math.min(1 << 24, end - at))
        try {
          parts.push(part.subarray(0, readSync(memory, part, 0, part.length, at)))
        } catch {
          // A reserved page that was never touched cannot be read and holds nothing.
        }
      }
      return parts
    })
  } finally {
    closeSync(memory)
  }
}

/** Paths of all files below a folder. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name))).filter((path) => statSync(path).isFile())
}
