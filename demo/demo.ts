/**
 * `npm run demo`: two people on two nodes make a mesh, share, are cut off from each other, go on working, and hold the
 * same again. Everything is real: a relay, two nodes with profiles of their own, the program itself, and this
 * repository's documents as memories. `-- --keep` leaves it running.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { Stage, type Answer } from './stage.ts'

const root = join(import.meta.dirname, '..')
const keep = process.argv.includes('--keep')
const colour = process.stdout.isTTY && !process.env['NO_COLOR']
const paint = (style: 'bold' | 'dim' | 'green' | 'cyan', text: string): string => (colour ? styleText(style, text) : text)
const say = (text = ''): void => void process.stdout.write(`${text}\n`)
const took: { what: string; ms: number }[] = []

await using stage = new Stage()
const interrupted = (): void => {
  say(paint('dim', '\ninterrupted; cleaning up'))
  void stage[Symbol.asyncDispose]().then(() => process.exit(130))
}
process.once('SIGINT', interrupted)
process.once('SIGTERM', interrupted)

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const value = await work()
  took.push({ what, ms: performance.now() - start })
  return value
}

/** Runs a command as somebody and shows it. */
async function as(who: string, args: string[], shown: (answer: Answer) => string = () => ''): Promise<Answer> {
  const answer = await stage.run(who, args)
  const typed = args.map((arg) => (/[^\w\-.:/@*]/.test(arg) || arg === '*' ? `'${arg.length > 60 ? `${arg.slice(0, 57)}…` : arg}'` : arg.length > 70 ? `${arg.slice(0, 67)}…` : arg)).join(' ')
  const result = shown(answer)
  say(`  ${paint('cyan', who.padEnd(6))}$ atoll ${typed}${result ? paint('dim', `   → ${result}`) : ''}`)
  return answer
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 30_000; !(await look()); ) if (performance.now() > end) throw new Error(`${what} did not happen within 30 s`)
}

const peersOf = async (who: string): Promise<{ name: string; path: string; synced: boolean; online: boolean }[]> => (await stage.run(who, ['peers']))['peers'] as never
const other = async (who: string): Promise<{ path: string; synced: boolean; online: boolean }> => (await peersOf(who)).find(({ name }) => name !== who) as never
const synced = async (): Promise<boolean> => (await other('alice'))?.synced === true && (await other('bob'))?.synced === true

/** What a member sees of everything: equal texts are equal meshes. */
async function view(who: string): Promise<string> {
  const state = (await stage.run(who, ['state', 'list', '--limit', '1000']))['values'] as { key: string; value: unknown; concurrent: unknown }[]
  const notes: unknown[] = []
  for (const word of ['the', 'entry', 'mesh', 'node', 'offline']) notes.push((await stage.run(who, ['recall', word, '--limit', '100']))['notes'])
  const { text } = await stage.run(who, ['doc', 'show', 'Release notes'])
  return JSON.stringify({ state, text, notes: notes.map((found) => (found as { id: string; text: string }[]).map(({ id, text }) => `${id}${text}`).sort()) })
}

/** Paragraphs of this repository's documents. */
function paragraphs(): { text: string; file: string }[] {
  const files = readdirSync(root).filter((name) => name.endsWith('.md')).sort()
  return files.flatMap((file) => readFileSync(join(root, file), 'utf8').split(/\n{2,}/).map((text) => ({ text: text.trim(), file })).filter(({ text }) => text.length > 80))
}

say(paint('bold', 'Atoll: one mesh on two machines') + paint('dim', `   (in ${stage.folder})`))
say()
say(paint('bold', '1. A relay and two nodes'))
const relay = await timed('start a relay', () => stage.start('relay', 'relay', '--listen', '127.0.0.1:0'))
const address = (relay['addresses'] as string[])[0] as string
say(`  relay  ${paint('dim', address)}`)
await timed('start two nodes', () => Promise.all(['alice', 'bob'].map((name) => stage.start(name, 'up', '--listen', '127.0.0.1:0'))))

say()
say(paint('bold', '2. Alice creates a mesh and invites; Bob joins by the link'))
await timed('create a mesh', () => as('alice', ['create', 'reef', '--as', 'alice', '--relay', address], () => 'alice is its owner'))
const link = (await as('alice', ['invite', '--expires', '1h'], () => 'a link to send to Bob'))['link'] as string
await timed('join by the link, found through the relay', () => as('bob', ['join', link, '--name', 'bob'], (answer) => `${answer['member_name'] as string} is a ${answer['role'] as string}`))
await until('both in sync', synced)
say(paint('dim', `  bob reaches alice: ${(await other('bob')).path}`))

say()
say(paint('bold', '3. They share state, memories and messages'))
await as('alice', ['state', 'set', 'release', '{"version":"0.1","ready":false}'])
await as('bob', ['state', 'get', 'release'], (answer) => `${JSON.stringify(answer['value'])} by ${answer['by'] as string}`)
const texts = paragraphs()
await timed(`remember ${texts.length} paragraphs of this repository's documents`, async () => {
  await using alice = await stage.client('alice')
  let done = 0
  await Promise.all(texts.map(async ({ text, file }) => {
    await alice.memory.remember({ content: text, tags: [file.toLowerCase().replace('.md', '')] })
    if (process.stdout.isTTY) process.stdout.write(`\r  ${++done} of ${texts.length} paragraphs remembered`)
  }))
  if (process.stdout.isTTY) process.stdout.write('\r')
})
say(`  ${paint('cyan', 'alice ')}$ atoll remember - ${paint('dim', `  → ${texts.length} paragraphs from ${new Set(texts.map(({ file }) => file)).size} documents     `)}`)
await timed('Bob holds them all', () => until('both in sync', synced))
await as('bob', ['recall', 'removed member keys', '--limit', '3'], (answer) => (answer['notes'] as { text: string }[]).map(({ text }) => `"${text.slice(0, 50).replaceAll('\n', ' ')}…"`).join(' '))
await as('alice', ['doc', 'create', 'Release notes', '--text', '# Release notes'], () => 'a live document')
const sent = await as('bob', ['send', 'alice', 'Shall we release on Friday?'])
await as('bob', ['send', '*', 'Hello everybody'])
await as('alice', ['inbox'], (answer) => (answer['messages'] as { text: string; from_member: string }[]).map(({ text, from_member }) => `${from_member}: ${text}`).join(' | '))
await until('the receipt', async () => ((await stage.run('bob', ['message-status', sent['id'] as string]))['recipients'] as { state: string }[])[0]?.state === 'reached')
await as('bob', ['message-status', sent['id'] as string], (answer) => (answer['recipients'] as { name: string; state: string }[]).map(({ name, state }) => `${state} ${name}`).join(', '))

say()
say(paint('bold', '4. A file of some megabytes, and how they reach each other'))
const compiler = join(root, 'node_modules/typescript/lib/typescript.js')
const megabytes = (bytes: unknown): string => `${(Number(bytes) / 1e6).toFixed(1)} MB`
const first = await timed('share the TypeScript compiler', () => as('alice', ['share', compiler, '--to', 'bob'], ({ bytes }) => `${megabytes(bytes)}, sealed for Bob`))
const copy = join(stage.folder, 'typescript.js')
await until('bob to hear of it', async () => ((await stage.run('bob', ['files']))['files'] as unknown[]).length === 1)
await timed('get it', () => as('bob', ['get', first['id'] as string, '--save-to', copy], ({ fetched_bytes }) => `${megabytes(fetched_bytes)} fetched, verified chunk by chunk`))
if (!readFileSync(copy).equals(readFileSync(compiler))) throw new Error('the copy is not the file')
await as('bob', ['explain', 'path', 'alice'], ({ summary }) => String(summary))

say()
say(paint('bold', '5. Bob is cut off; both go on'))
await as('bob', ['config', 'set', 'network', 'off'])
await until('alice to notice', async () => (await other('alice')).path === 'none')
await as('alice', ['state', 'set', 'release', '{"version":"0.1","ready":true}'])
await as('bob', ['state', 'set', 'release', '{"version":"0.2","ready":false}'])
await as('bob', ['state', 'set', 'written/offline', '"on a train"'])
await as('bob', ['remember', 'Offline work syncs when a route returns.', '--tags', 'offline'])
await as('alice', ['doc', 'append', 'Release notes', '- relays that cannot read'])
await as('bob', ['doc', 'append', 'Release notes', '- written on a train'])
await as('alice', ['send', 'bob', 'See you when you are back'])
await as('bob', ['recall', 'route'], (answer) => `${(answer['notes'] as unknown[]).length} found, offline`)

say()
say(paint('bold', '6. Bob returns'))
await as('bob', ['config', 'set', 'network', 'on'])
await timed('from "network on" to both in sync', () => until('both in sync', synced))
await as('alice', ['state', 'get', 'release'], (answer) => `${JSON.stringify(answer['value'])} by ${answer['by'] as string}; written at the same time: ${(answer['concurrent'] as { value: unknown; by: string }[]).map(({ value, by }) => `${JSON.stringify(value)} by ${by}`).join(', ')}`)
await as('bob', ['inbox'], (answer) => (answer['messages'] as { text: string; from_member: string }[]).map(({ text, from_member }) => `${from_member}: ${text}`).join(' | '))
await as('alice', ['doc', 'show', 'Release notes'], ({ text }) => JSON.stringify(text))
const [alices, bobs] = await Promise.all([view('alice'), view('bob')])
if (alices !== bobs) throw new Error('Alice and Bob do not hold the same')
say(paint('green', '  Alice and Bob hold the same: every key, every concurrent value, every note, every line of the document.'))
await as('bob', ['audit', 'verify'], (answer) => `${answer['entries'] as number} entries in ${answer['logs'] as number} logs verified, ${(answer['problems'] as unknown[]).length} problems`)

say()
say(paint('bold', 'What took how long'))
for (const { what, ms } of took) say(`  ${`${ms.toFixed(0)} ms`.padStart(9)}  ${what}`)
say(`  paths: alice → bob ${(await other('alice')).path}, bob → alice ${(await other('bob')).path}; relay ${address.split('/p2p/')[0] as string}`)

if (keep) {
  stage.keep()
  say()
  say(`Left running. Attach with:`)
  for (const name of ['alice', 'bob']) say(`  ATOLL_HOME=${stage.home(name)} npx atoll peers`)
  say(`Stop it with:  kill ${stage.pids().join(' ')}; rm -r ${stage.folder}`)
}
process.removeListener('SIGINT', interrupted)
process.removeListener('SIGTERM', interrupted)
