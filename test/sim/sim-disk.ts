/**
 * The durable side of one simulated device: what survives a crash, can be backed up and put back, and fails by plan.
 * Each life of the peer gets a profile of its own on it; a dead life's profile changes nothing any more.
 */
import type { DeviceId, EntryId, MeshId } from '../../crdt/wire/ids.ts'
import { createMemoryStore, type FailurePoint, type MemorySnapshot, type MemoryStore } from '../../node/peer/memory-store.ts'
import type { MeshRecord, Profile } from '../../node/ports/platform.ts'
import { StoreError, type Batch, type MeshStore, type StoreProblem } from '../../node/ports/store.ts'
import type { LogEnd } from '../../node/ports/witness.ts'

/** What the world sees of a disk. */
export interface DiskEvents {
  /** Before anything is durable: whatever was signed may leave the device from now on. */
  readonly onAttempt: (device: DeviceId, batch: Batch) => void
  readonly onCommitted: (device: DeviceId, batch: Batch) => void
  /** A planned crash strikes within a commit. */
  readonly onCrash: () => void
}

interface Kept {
  readonly snapshot: MemorySnapshot
  readonly complete: boolean
}

/** A copy of a profile as it was at one moment. */
export interface Backup {
  readonly meshes: ReadonlyMap<MeshId, Kept>
  readonly roots: ReadonlyMap<MeshId, Uint8Array>
}

export class SimDisk {
  readonly device: DeviceId
  readonly secrets: Profile['device']
  readonly #events: DiskEvents
  #meshes = new Map<MeshId, { store: MemoryStore; complete: boolean }>()
  #roots = new Map<MeshId, Uint8Array>()
  /** Outside the profile: no backup carries it along. */
  readonly #witness = new Map<string, readonly LogEnd[]>()
  #crashInCommit: 'before' | 'after' | undefined

  constructor(device: DeviceId, secrets: Profile['device'], events: DiskEvents) {
    this.device = device
    this.secrets = secrets
    this.#events = events
  }

  /** The profile as one life of the peer sees it. */
  profile(machine: string, alive: () => boolean): Profile {
    const check = (): void => {
      if (!alive()) throw new Error('this life is over')
    }
    return {
      device: this.secrets,
      machine,
      meshes: () => [...this.#meshes].map(([mesh, { complete }]): MeshRecord => ({ mesh, complete })),
      openStore: (mesh) => {
        check()
        const known = this.#meshes.get(mesh)
        const store = known?.store ?? createMemoryStore()
        if (!known) this.#meshes.set(mesh, { store, complete: false })
        store.reopen()
        return this.#watched(store, alive)
      },
      keep: (mesh) => {
        check()
        const known = this.#meshes.get(mesh)
        if (known) known.complete = true
      },
      drop: (mesh) => {
        check()
        this.#meshes.delete(mesh)
      },
      keepRoot: (mesh, seed) => {
        check()
        this.#roots.set(mesh, seed)
      },
      keptRoot: (mesh) => this.#roots.get(mesh),
      witness: {
        take: (mesh) => {
          const ends = this.#witness.get(mesh) ?? []
          this.#witness.delete(mesh)
          return ends
        },
        leave: (mesh, ends) => {
          if (alive()) this.#witness.set(mesh, ends)
        },
      },
    }
  }

  /** What is durable of a mesh, whoever runs or not. */
  store(mesh: MeshId): MemoryStore | undefined {
    return this.#meshes.get(mesh)?.store
  }

  /** Whether an entry is durable here; undefined while the disk has closed its store after a failure. */
  holds(mesh: MeshId, id: EntryId): boolean | undefined {
    try {
      return this.#meshes.get(mesh)?.store.has(id) === true
    } catch (error) {
      if (error instanceof StoreError) return undefined
      throw error
    }
  }

  /** The peer has died: its handles lead nowhere, planned failures are forgotten, what was durable is there. */
  cutLoose(): void {
    this.#crashInCommit = undefined
    for (const kept of this.#meshes.values()) kept.store = createMemoryStore(kept.store.snapshot())
  }

  backup(): Backup {
    return { meshes: new Map([...this.#meshes].map(([mesh, { store, complete }]) => [mesh, { snapshot: store.snapshot(), complete }])), roots: new Map(this.#roots) }
  }

  restore(backup: Backup): void {
    this.#meshes = new Map([...backup.meshes].map(([mesh, { snapshot, complete }]) => [mesh, { store: createMemoryStore(snapshot), complete }]))
    this.#roots = new Map(backup.roots)
  }

  /** Plans one failure of every store. */
  failNext(problem: StoreProblem, at: FailurePoint): void {
    for (const { store } of this.#meshes.values()) store.failNext(problem, { at })
  }

  /** The next commit is the peer's last act: nothing of it is kept, or all of it and nobody was told. */
  crashInNextCommit(when: 'before' | 'after'): void {
    this.#crashInCommit = when
  }

  #watched(store: MemoryStore, alive: () => boolean): MeshStore {
    const dead = (): void => {
      if (!alive()) throw new StoreError('io', 'this life is over')
    }
    const { logs, has, byId, idAt, read, replay, evidence, get, scan, count, search } = store
    return {
      logs, has, byId, idAt, read, replay, evidence, get, scan, count, search,
      commit: (batch) => {
        dead()
        this.#events.onAttempt(this.device, batch)
        const crash = this.#crashInCommit
        this.#crashInCommit = undefined
        if (crash !== 'before') this.#commit(store, batch)
        if (crash === undefined) return
        this.#events.onCrash()
        throw new StoreError('io', 'the machine lost its power')
      },
      clearProjections: () => {
        dead()
        store.clearProjections()
      },
      reopen: () => {
        dead()
        store.reopen()
      },
      close: () => {
        if (alive()) store.close()
      },
      bytes: () => store.bytes(),
    }
  }

  #commit(store: MemoryStore, batch: Batch): void {
    try {
      store.commit(batch)
    } catch (error) {
      // Kept all the same: the world must know, since the peer will when it reads its store again.
      if (String(error).includes('after-commit')) this.#events.onCommitted(this.device, batch)
      throw error
    }
    this.#events.onCommitted(this.device, batch)
  }
}
