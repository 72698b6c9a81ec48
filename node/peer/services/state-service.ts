/** Shared state: registers of the document `state`. */
import { decodeRow, readRegister, registerKey, type Version } from '../../../crdt/docs/registers.ts'
import { limits } from '../../../crdt/wire/limits.ts'
import { AtollError } from '../../ports/errors.ts'
import type { Json, StateChange, StateService, StateValue, StateVersion } from '../../ports/services.ts'
import type { RunningMesh } from '../mesh/running-mesh.ts'
import { authorOf } from './author-of.ts'
import { versionsOf } from './register-history.ts'

const doc = 'state'

export function stateService(mesh: () => RunningMesh): StateService {
  return {
    async set(key, value) {
      checkKey(key)
      const [written] = await mesh().replica.write([{ type: 'set', doc, key, value: JSON.stringify(value) }])
      return { key, at: written?.clock.ms ?? 0 }
    },
    async get(key) {
      const [first, ...others] = readRegister(mesh().replica.store, doc, key)
      if (!first || first.deleted) throw new AtollError('key_unknown', { key })
      return shown(mesh(), key, first, others)
    },
    async list({ prefix = '', limit, after }) {
      const start = registerKey(doc, '')
      const values: StateValue[] = []
      let from = after === undefined ? undefined : registerKey(doc, after)
      for (;;) {
        const rows = mesh().replica.store.scan('register', { prefix: start + prefix, limit: limit + 1, ...(from === undefined ? {} : { after: from }) })
        for (const [at, row] of rows) {
          if (values.length === limit) return { values, next: (values.at(-1) as StateValue).key }
          from = at
          const [first, ...others] = decodeRow(row)
          if (first && !first.deleted) values.push(shown(mesh(), at.slice(start.length), first, others))
        }
        if (rows.length <= limit) return { values, next: null }
      }
    },
    async delete(key) {
      const [first] = readRegister(mesh().replica.store, doc, key)
      if (!first || first.deleted) throw new AtollError('key_unknown', { key })
      const [written] = await mesh().replica.write([{ type: 'delete', doc, key }])
      return { key, at: written?.clock.ms ?? 0 }
    },
    async history({ key, limit }) {
      const versions = versionsOf(mesh().replica, doc, key, limit)
      if (versions.length === 0) throw new AtollError('key_unknown', { key })
      const current = new Set(readRegister(mesh().replica.store, doc, key).map(({ entry }) => entry))
      return versions.map((version): StateVersion => ({ value: valueOf(version), deleted: version.deleted, by: authorOf(mesh().names, version), at: version.clock.ms, current: current.has(version.entry) }))
    },
    async watch(prefix, on, signal) {
      const running = mesh()
      const listening = running.replica.onCommit(({ events }) => {
        for (const event of events.registers) if (event.doc === doc && event.key.startsWith(prefix)) on(changeOf(running, event.key, event.before, event.after))
      })
      signal.addEventListener('abort', () => listening[Symbol.dispose](), { once: true })
    },
  }
}

function checkKey(key: string): void {
  if (key === '') throw new AtollError('bad_input', { what: 'A key needs at least one character.' })
  if (key.includes('\0')) throw new AtollError('bad_input', { what: 'A key cannot hold the character NUL.' })
  const bytes = new TextEncoder().encode(key).length
  if (bytes > limits.keyBytes) throw new AtollError('value_too_large', { what: 'The key', size: bytes, limit: limits.keyBytes })
}

function shown(mesh: RunningMesh, key: string, first: Version, others: readonly Version[]): StateValue {
  const one = (version: Version): { value: Json; by: string; at: number } => ({ value: valueOf(version), by: authorOf(mesh.names, version), at: version.clock.ms })
  return { key, ...one(first), concurrent: others.map(one) }
}

function changeOf(mesh: RunningMesh, key: string, before: Version | undefined, after: Version | undefined): StateChange {
  const now = after ?? before
  return { key, old: before ? valueOf(before) : null, value: after ? valueOf(after) : null, deleted: after?.deleted ?? true, by: now ? authorOf(mesh.names, now) : '', at: now?.clock.ms ?? 0 }
}

function valueOf(version: Version): Json {
  return version.deleted ? null : (JSON.parse(version.value) as Json)
}

