/**
 * Verdicts on signatures, shared by every peer of a simulated world: all of them check the same entries, and what one
 * has computed holds for the others. Keyed by a hash of all that a signature depends on, so a forgery gets a verdict
 * of its own.
 */
import { createHash } from 'node:crypto'
import { verify, type Verify } from '../../crdt/crypto/sign.ts'

/** `real` computes each verdict anew: what the cache must not change. */
export function worldVerify(mode: 'cached' | 'real'): Verify {
  if (mode === 'real') return verify
  const verdicts = new Map<string, boolean>()
  return (domain, mesh, bytes, signature, publicKey) => {
    const key = createHash('sha256').update(domain).update('\0').update(mesh).update(publicKey).update(signature).update(bytes).digest('base64')
    const known = verdicts.get(key)
    if (known !== undefined) return known
    const verdict = verify(domain, mesh, bytes, signature, publicKey)
    verdicts.set(key, verdict)
    return verdict
  }
}
