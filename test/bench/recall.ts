import { runAtoll, startAtoll } from '../doubles/run-atoll.ts'
import { percentile, program, rssOf } from './measure.ts'
import { PeerProcess, scratch } from './peer-process.ts'
import type { Row } from './row.ts'

const count = 100_000

/** Recall among 100k notes, and the restart of a node that holds them and 100k keys. */
export async function recall(): Promise<readonly Row[]> {
  const home = scratch()
  const times: number[] = []
  {
    await using peer = await PeerProcess.start(home)
    await peer.call('create', 'bench')
    await peer.call('fill', count, 100, 20)
    await peer.call('notes', count)
    for (let i = 0; i < 200; i++) times.push((await peer.call<{ ms: number }>('recall', [`word${500 + i} word${100 + i}`, `word${1000 + 7 * i}`, `word15${i}*`, `word${40 + i} word${2000 + i}`, `note${i * 97}`][i % 5])).ms)
  }
  const start = performance.now()
  const node = startAtoll(program, home, ['up', '--json', '--listen', '127.0.0.1:0'])
  await node.saw('"socket"')
  await runAtoll(program, home, ['state', 'get', 'key-77777', '--json'])
  const ms = performance.now() - start
  const rss = rssOf(node.child.pid as number)
  node.child.kill('SIGTERM')
  await node.finished
  return [
    { what: 'recall in 100k notes, p50', value: percentile(times, 0.5), unit: 'ms', target: { at: '<=', value: 2 } },
    { what: 'the same, p99', value: percentile(times, 0.99), unit: 'ms' },
    { what: 'restart with 100k keys and 100k notes, to the answer of a command', value: ms / 1000, unit: 's', target: { at: '<=', value: 1 } },
    { what: 'memory after it', value: rss / 1e6, unit: 'MB', target: { at: '<=', value: 200 } },
  ]
}
