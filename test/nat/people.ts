/** Real nodes on the machines of a laboratory, and relays on its internet. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectNode } from '../../node/host/connect-node.ts'
import { startAtoll } from '../doubles/run-atoll.ts'
import { built, Person, type Answer } from '../e2e/world.ts'
import { openLab, type Lab, type LabSpec } from './lab.ts'
import { Resident } from './resident.ts'

export interface NatRelay {
  readonly addresses: readonly string[]
  /** At once, as by a loss of power. */
  kill(): Promise<void>
}

/** A laboratory and the profiles of all programs in it; both disappear when it is disposed. */
export class People implements AsyncDisposable {
  readonly lab: Lab
  readonly #root = mkdtempSync(join(tmpdir(), 'atoll-nat-'))
  readonly #residents: Resident[] = []

  private constructor(lab: Lab) {
    this.lab = lab
  }

  static async in(spec: LabSpec): Promise<People> {
    return new People(await openLab(spec))
  }

  /** Starts a relay at a place, with the identity that it had there before. */
  async relay(place = 'relay'): Promise<NatRelay> {
    const { via } = this.lab.machine(place)
    const running = startAtoll(built.program, this.#home(place), ['relay', '--json'], { ...built, via })
    const ready = JSON.parse((await running.saw('\n')).split('\n')[0] as string) as Answer
    return {
      addresses: ready['addresses'] as string[],
      kill: async () => {
        running.child.kill('SIGKILL')
        await running.finished
      },
    }
  }

  /** Starts a node on each of these machines, in one mesh with these relays, which the first of them makes. */
  async meet<const Names extends readonly string[]>(relays: readonly string[], ...machines: Names): Promise<{ [_ in keyof Names]: Resident }> {
    const [first, ...others] = await Promise.all(machines.map((name) => this.#resident(name)))
    if (first === undefined) throw new TypeError('nobody is to meet')
    await first.person.does('create', 'reef', '--as', first.person.name, ...relays.flatMap((relay) => ['--relay', relay]))
    for (const { person } of others) {
      const { link } = await first.person.does('invite')
      await person.does('join', link as string, '--name', person.name)
    }
    return [first, ...others] as { [_ in keyof Names]: Resident }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#residents.map(({ client }) => client[Symbol.asyncDispose]()))
    await this.lab[Symbol.asyncDispose]()
    rmSync(this.#root, { recursive: true, force: true })
  }

  async #resident(machine: string): Promise<Resident> {
    const person = new Person(machine, this.#home(machine), { ATOLL_LAN_DISCOVERY: 'on' }, { ...built, via: this.lab.machine(machine).via })
    await person.up('[::]:0')
    // Its socket is a file, and those are the same in every network namespace.
    const client = await connectNode({ home: person.home, env: {}, version: '0.1.0', hello: { session: 'observer', kind: 'cli' }, signal: AbortSignal.timeout(30_000), program: null })
    const resident = new Resident(person, client)
    this.#residents.push(resident)
    return resident
  }

  #home(name: string): string {
    const path = join(this.#root, name)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }
}
