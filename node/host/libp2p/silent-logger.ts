import type { ComponentLogger, Logger } from '@libp2p/interface'

const silent: Logger = Object.assign(() => {}, { error: () => {}, trace: () => {}, enabled: false, newScope: () => silent })

/** libp2p's own lines cost time on the hot path and bypass our log; what matters of them we say ourselves. */
export const silentLogger: ComponentLogger = { forComponent: () => silent }
