/** The settings of one profile: `config.json`, with the environment above the file and flags above both. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AtollError } from '../ports/errors.ts'
import type { ConfigPort, Settings } from '../ports/config.ts'
import type { ConfigService, Setting } from '../ports/services.ts'
import { settingKeys, settingShapes } from './settings.ts'
import { writeDurably } from './write-durably.ts'

type Key = keyof Settings
type Texts = Partial<Record<Key, string>>

export interface ConfigSources {
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Texts given on the command line, for this run only. */
  readonly flags?: Partial<Readonly<Record<Key, string>>>
}

/** Reads the settings. Throws bad_input when the file or a variable holds something that cannot be. */
export function openConfig(sources: ConfigSources): ConfigPort {
  return new ProfileConfig(sources)
}

class ProfileConfig implements ConfigPort {
  readonly service: ConfigService
  readonly #path: string
  readonly #flags: Texts
  readonly #environment: Texts
  readonly #watchers = new Set<(settings: Settings) => void>()
  #file: Texts
  #current: Settings

  constructor({ home, env, flags = {} }: ConfigSources) {
    this.#path = join(home, 'config.json')
    this.#flags = flags
    this.#environment = Object.fromEntries(settingKeys.flatMap((key) => (env[variable(key)] === undefined ? [] : [[key, env[variable(key)]]])))
    this.#file = readTexts(this.#path)
    for (const [key, text] of Object.entries(this.#environment)) checked(key as Key, text, `${variable(key)}=${text}`)
    for (const [key, text] of Object.entries(flags)) checked(key as Key, text, `--${key.replace('_', '-')} ${text}`)
    this.#current = this.#settle()
    this.service = {
      list: async () => settingKeys.map((key) => this.#describe(key)),
      get: async (key) => this.#describe(known(key)),
      set: async (key, text) => {
        this.set(known(key), checked(known(key), text, `${key} = ${text}`))
        return this.#describe(known(key))
      },
      unset: async (key) => {
        this.#write({ ...this.#file, [known(key)]: undefined })
        return this.#describe(known(key))
      },
    }
  }

  current(): Settings {
    return this.#current
  }

  set<K extends Key>(key: K, value: Settings[K]): void {
    this.#write({ ...this.#file, [known(key)]: String(checked(key, String(value), `${key} = ${value}`)) })
  }

  watch(changed: (settings: Settings) => void): Disposable {
    // A closure of its own per call, so that watching twice with one function is two watches.
    const watcher = (settings: Settings) => changed(settings)
    this.#watchers.add(watcher)
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) }
  }

  #write(texts: Readonly<Record<string, string | undefined>>): void {
    const kept = Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined))
    try {
      writeDurably(this.#path, `${JSON.stringify(kept, null, 2)}\n`)
    } catch (error) {
      throw failure(error, this.#path)
    }
    this.#file = kept
    this.#current = this.#settle()
    for (const watcher of [...this.#watchers]) watcher(this.#current)
  }

  #settle(): Settings {
    return Object.fromEntries(settingKeys.map((key) => [key, this.#describe(key).value])) as unknown as Settings
  }

  #describe(key: Key): Setting {
    const { doc, initial } = settingShapes[key]
    for (const [source, texts] of [['flag', this.#flags], ['environment', this.#environment], ['file', this.#file]] as const) {
      const text = texts[key]
      if (text !== undefined) return { key, value: checked(key, text, `${key} = ${text}`), source, doc }
    }
    return { key, value: initial, source: 'default', doc }
  }
}

function variable(key: string): string {
  return `ATOLL_${key.toUpperCase()}`
}

function known(key: string): Key {
  if (Object.hasOwn(settingShapes, key)) return key as Key
  throw new AtollError('config_unknown', { key, choices: settingKeys.join(', ') })
}

function checked<K extends Key>(key: K, text: string, said: string): Settings[K] {
  const value = settingShapes[key].parse(text)
  if (typeof value === 'object') throw new AtollError('bad_input', { what: `The setting ${said} cannot be: ${value.why}.` })
  return value as Settings[K]
}

function readTexts(path: string): Texts {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw failure(error, path)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new AtollError('bad_input', { what: `${path} is not JSON (${error instanceof Error ? error.message : String(error)}). Mend or delete it.` }, { cause: error })
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new AtollError('bad_input', { what: `${path} holds no settings. Mend or delete it.` })
  const texts: Record<string, string> = {}
  for (const [key, value] of Object.entries(json)) {
    // What a newer version wrote is kept as it is and means nothing here.
    texts[key] = String(value)
    if (Object.hasOwn(settingShapes, key)) checked(key as Key, String(value), `${key} = ${String(value)} in ${path}`)
  }
  return texts
}

function failure(error: unknown, path: string): AtollError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return new AtollError('storage_full', {}, { cause: error })
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return new AtollError('profile_readonly', { path, why: message }, { cause: error })
  return new AtollError('storage_failed', { why: message }, { cause: error })
}
