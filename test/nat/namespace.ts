/** One network namespace of the machine: what runs in it has interfaces, addresses, routes and rules of its own. */
import { execFile, spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { promisify } from 'node:util'

const prefix = 'atoll-lab-'
const execute = promisify(execFile)

export class Namespace {
  readonly name: string
  /** Before a command: runs it in here. */
  readonly via: readonly string[]
  readonly #children: ChildProcess[] = []

  private constructor(name: string) {
    this.name = name
    this.via = ['ip', 'netns', 'exec', name]
  }

  /** Makes one whose name tells which process it belongs to. Without `ipv6` no interface in it has any. */
  static async make(lab: string, role: string, ipv6: boolean): Promise<Namespace> {
    const namespace = new Namespace(`${prefix}${process.pid}-${lab}-${role}`)
    await run('ip', ['netns', 'add', namespace.name])
    const settings = ['ipv4.ip_forward=1', ...(ipv6 ? ['ipv6.conf.all.forwarding=1', 'ipv6.conf.default.accept_dad=0', 'ipv6.conf.default.keep_addr_on_down=1'] : ['ipv6.conf.all.disable_ipv6=1', 'ipv6.conf.default.disable_ipv6=1'])]
    await namespace.run('sysctl', '-qw', ...settings.map((setting) => `net.${setting}`))
    await namespace.ip('link set lo up')
    return namespace
  }

  /** Runs `ip` commands in here, all in one go. */
  async ip(...commands: readonly string[]): Promise<void> {
    await run('ip', ['-n', this.name, '-batch', '-'], `${commands.join('\n')}\n`)
  }

  /** Loads rules of nftables. */
  async rules(text: string): Promise<void> {
    await run('ip', ['netns', 'exec', this.name, 'nft', '-f', '-'], text)
  }

  /** Runs a command to its end and returns what it printed. */
  run(...command: readonly string[]): Promise<string> {
    return run('ip', ['netns', 'exec', this.name, ...command])
  }

  /** Starts a program of this project that talks over its IPC channel. It ends with the namespace. */
  start(program: string, ...args: readonly string[]): ChildProcess {
    const stdio: StdioOptions = ['ignore', 'inherit', 'inherit', 'ipc']
    const child = spawn('ip', ['netns', 'exec', this.name, process.execPath, program, ...args], { stdio })
    this.#children.push(child)
    return child
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#children.filter((child) => child.exitCode === null && child.signalCode === null).map((child) => new Promise((resolve) => child.once('exit', resolve)))
    await remove(this.name)
    await Promise.all(ended)
  }
}

/** Names of the namespaces that this process has made and not yet taken away. */
export async function ownNamespaces(): Promise<readonly string[]> {
  return (await all()).filter((name) => ownerOf(name) === process.pid)
}

/** Takes away what killed runs have left, with all that still runs in it. */
export async function sweepLeftovers(): Promise<void> {
  for (const name of await all()) if (!existsProcess(ownerOf(name))) await remove(name)
}

async function all(): Promise<readonly string[]> {
  return (await run('ip', ['netns', 'list'])).split('\n').map((line) => line.split(' ')[0] ?? '').filter((name) => name.startsWith(prefix))
}

function ownerOf(name: string): number {
  return Number(name.slice(prefix.length).split('-')[0])
}

function existsProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Interfaces, routes and rules go with the namespace, but only once no process holds it. */
async function remove(name: string): Promise<void> {
  const pids = (await run('ip', ['netns', 'pids', name])).split('\n').filter((pid) => pid !== '')
  for (const pid of pids) kill(Number(pid))
  await run('ip', ['netns', 'delete', name])
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // it was faster
  }
}

async function run(command: string, args: readonly string[], input?: string): Promise<string> {
  const running = execute(command, [...args], { timeout: 30_000 })
  if (input !== undefined) running.child.stdin?.end(input)
  return (await running).stdout
}
