import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/**
 * Lets a child of this folder work, and kills it in the midst of what follows so many acknowledgements: it prints one a
 * line and goes on meanwhile, so the kill falls anywhere.
 * @returns what it acknowledged
 */
export async function killAfter(script: string, args: readonly string[], acknowledgements: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, script), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let heard = ''
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    heard += text
    if (heard.split('\n').length > acknowledgements) child.kill('SIGKILL')
  })
  await once(child, 'close')
  if (child.signalCode !== 'SIGKILL') throw new Error(`the child ended by itself: ${errors}`)
  // The last line may have been cut off by the kill; what is whole was acknowledged.
  return heard.slice(0, heard.lastIndexOf('\n')).split('\n')
}
