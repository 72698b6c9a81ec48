import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { connectNode } from '../../node/host/connect-node.ts'
import { isProfileLocked } from '../../node/host/lock.ts'
import { AtollError } from '../../node/ports/errors.ts'

/** A profile directory for one test. Disposing stops a node that a command left running on it, and removes it. */
export class TemporaryHome implements AsyncDisposable {
  readonly path = mkdtempSync(join(tmpdir(), 'atoll-home-'))

  /** Stops the node of this profile, if one runs, and resolves when the profile is free. */
  async stopNode(): Promise<void> {
    const signal = AbortSignal.timeout(15_000)
    try {
      const client = await connectNode({ home: this.path, env: {}, version: '0.0.0', hello: { session: 'cleanup', kind: 'cli' }, signal, program: null })
      await client.callUntyped('node.stop', {})
      await client.closed
    } catch (error) {
      if (!(error instanceof AtollError) || error.code !== 'node_unreachable') throw error
    }
    while (isProfileLocked(this.path)) await pause(10, undefined, { signal })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopNode()
    rmSync(this.path, { recursive: true, force: true })
  }
}
