import type { ComponentLogger, Logger } from '@libp2p/interface'

/** libp2p's own log lines name peers and addresses: the relay has none of them, whatever DEBUG says. */
export const silentLibp2p: ComponentLogger = { forComponent: () => silent }

const silent: Logger = Object.assign(() => {}, { error: () => {}, trace: () => {}, enabled: false, newScope: () => silent })
