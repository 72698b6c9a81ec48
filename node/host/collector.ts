import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { readonly type: 'major' | 'minor'; readonly execution: 'sync'; readonly flavor: 'regular' | 'last-resort' }) => void

/** V8's own collection, which is not there until it is asked for: of young objects, of all, or of all with what can be given back to the system. */
export function collector(type: 'minor' | 'major' | 'last-resort'): () => void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as Collect
  return () => collect({ type: type === 'minor' ? 'minor' : 'major', execution: 'sync', flavor: type === 'last-resort' ? 'last-resort' : 'regular' })
}
