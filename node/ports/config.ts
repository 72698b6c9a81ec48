import type { ConfigService } from './services.ts'

/** Settings of one profile: one file, each key documented, each overridable by environment and flag. */
export interface Settings {
  /** The name others see for this person unless a mesh was given another. */
  readonly name: string
  /** `off` cuts this node off: connections close, nothing is dialled, work goes on locally. */
  readonly network: 'on' | 'off'
  /** Addresses to listen on, comma-separated `HOST:PORT`, for TCP; port 0 picks one. */
  readonly listen: string
  /** The same for WebSocket. Empty: none. */
  readonly listen_ws: string
  /** Whether peers behind NAT are met directly by WebRTC, which tells members of one's meshes the addresses of this machine. */
  readonly webrtc: 'on' | 'off'
  /** Whether peers on the same local network find each other by multicast DNS. */
  readonly lan_discovery: 'on' | 'off'
  /** The mesh meant when none is named: a mesh's id. */
  readonly mesh: string
  /** Bytes that files may take in all; 0: as much as the disk has beyond its reserve. */
  readonly files_quota: number
  /** Where a scraper reads this node's numbers: one `HOST:PORT` of loopback. Empty: nowhere. */
  readonly metrics: string
  /** `error`, `warn`, `info` or `debug`. */
  readonly log_level: 'error' | 'warn' | 'info' | 'debug'
}

export interface ConfigPort {
  /** The same settings as the `config` operations see them; a host hands it on as its ConfigService. */
  readonly service: ConfigService
  current(): Settings
  /** Writes one key (validated) to the file, durably; throws config_unknown or bad_input. */
  set<K extends keyof Settings>(key: K, value: Settings[K]): void
  /** Calls back after each change until disposed. */
  watch(changed: (settings: Settings) => void): Disposable
}
