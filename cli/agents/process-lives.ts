/** Whether a process with this id runs. */
export function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // It runs, as somebody else.
    if (code === 'EPERM') return true
    if (code === 'ESRCH') return false
    throw error
  }
}

/** A process id from the environment or a file; undefined for anything that is none. */
export function parsePid(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,9}$/.test(text.trim()) ? Number(text) : undefined
}
