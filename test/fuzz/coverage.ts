/** Which parts of the project's code ran, as V8 counts blocks: the guide of the fuzzer. */
import { Session } from 'node:inspector'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = pathToFileURL(join(import.meta.dirname, '../..')).href
/** Of others' code what decodes: what is found there is a defect of how we call it. */
const watched = [`${root}/crdt/`, `${root}/node/`, `${root}/relay/`, `${root}/cli/`, `${root}/node_modules/yjs/`, `${root}/node_modules/lib0/`, `${root}/node_modules/y-protocols/`]

interface Range { readonly startOffset: number; readonly endOffset: number; readonly count: number }
interface Coverage { readonly result: readonly { readonly url: string; readonly functions: readonly { readonly ranges: readonly Range[] }[] }[] }

export class BlockCoverage implements Disposable {
  readonly #session = new Session()

  constructor() {
    this.#session.connect()
    this.#post('Profiler.enable')
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** The blocks that ran since the last call. */
  taken(): ReadonlySet<string> {
    const { result } = this.#post('Profiler.takePreciseCoverage') as Coverage
    const ran = new Set<string>()
    for (const { url, functions } of result) {
      if (!watched.some((folder) => url.startsWith(folder))) continue
      for (const { ranges } of functions) for (const { startOffset, endOffset, count } of ranges) if (count > 0) ran.add(`${url}:${startOffset}-${endOffset}`)
    }
    return ran
  }

  [Symbol.dispose](): void {
    this.#session.disconnect()
  }

  /** On a session with its own thread the answer comes before the call returns. */
  #post(method: string, params?: object): unknown {
    let answer: unknown
    this.#session.post(method, params, (error, result) => {
      if (error) throw error
      answer = result
    })
    return answer
  }
}

