/** Tokens for headless devices, as vectors of their own. */
import { firstDeviceOf, formatAccessToken, type AccessToken } from '../../crdt/members/access-token.ts'
import { domains } from '../../crdt/wire/protocols.ts'
import { toHex } from '../../crdt/wire/ids.ts'
import { filled } from './values.ts'

const id = (value: number): never => toHex(filled(value)) as never
const token: AccessToken = { mesh: id(1), seed: filled(2), admitted: id(3), maker: id(4), addresses: ['/dns4/relay.example/tcp/443/wss/p2p/x'], name: 'nächtlich', expires: 1_800_000_000_000, scopes: ['state.read', 'state.write'] }

export function tokens(): unknown {
  return {
    domains: (['tokenChecksum', 'tokenDevice', 'tokenSealing'] as const).map((use) => ({ use, name: domains[use] })),
    tokens: [token, { ...token, addresses: [], scopes: [] }].map((one) => ({ token: one, text: formatAccessToken(one) })),
    firstDevice: { of: token.seed, ...firstDeviceOf(token.seed) },
  }
}
