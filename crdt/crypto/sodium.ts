/**
 * libsodium (WebAssembly), ready to use: importing this module waits for it, so that everything above is
 * synchronous. Measured on Node 24 it hashes, opens and verifies our small messages as fast as or faster than
 * node:crypto (ARCHITECTURE.md), so there is one implementation for every platform.
 */
import sodium from 'libsodium-wrappers'

await sodium.ready

export { sodium }
