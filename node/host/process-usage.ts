import { performance } from 'node:perf_hooks'
import type { ProcessUsage } from '../peer/peer-needs.ts'

/** What this process takes. The delay of the event loop is not among it: measuring that wakes an idle machine a hundred times a second. */
export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage()
  return {
    uptimeSeconds: process.uptime(),
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1e6,
    busySeconds: performance.eventLoopUtilization().active / 1000,
  }
}
