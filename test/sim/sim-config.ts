/** Settings in memory: a simulated person never opens a file. */
import type { ConfigPort, Settings } from '../../node/ports/config.ts'

export function simConfig(name: string): ConfigPort {
  let settings: Settings = { name, network: 'on', listen: '', listen_ws: '', mesh: '', files_quota: 0, metrics: '', log_level: 'error', webrtc: 'off', lan_discovery: 'off' }
  const watchers = new Set<(settings: Settings) => void>()
  const unused = (): never => {
    throw new Error('the simulator changes settings by itself')
  }
  return {
    service: { list: async () => [], get: unused, set: unused, unset: unused },
    current: () => settings,
    set(key, value) {
      settings = { ...settings, [key]: value }
      for (const changed of watchers) changed(settings)
    },
    watch(changed) {
      watchers.add(changed)
      return { [Symbol.dispose]: () => void watchers.delete(changed) }
    },
  }
}
