/**
 * The walls of DESIGN section 4 (also in ARCHITECTURE.md): who may import whom. Run by `npm run walls` and by
 * test/arch/walls.test.ts, which also breaks every rule once to see it bite. Type-only imports count.
 * Tests (*.test.ts, test/) may import anything.
 */
const test = '(\\.test\\.ts$|^test/)'
const packages = '(^|/)node_modules/'
const browserSafe = '^(crdt|node/(ports|ops|peer|rpc))/'

/** What lives in `from` may import these places of ours; and packages, unless a rule below says otherwise. */
/** @type {(name: string, from: string, allowed: string[], comment: string) => import("dependency-cruiser").IForbiddenRuleType} */
const wall = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^${from}/`, pathNot: test },
  to: { path: '^(crdt|node|relay|cli|web|provision|demo|build|test)/', pathNot: `^(${allowed.join('|')})/` },
})

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    wall('crdt-stands-alone', 'crdt', ['crdt'], 'crdt is the mesh as pure data: it knows nothing above it.'),
    wall('ports-know-crdt', 'node/ports', ['node/ports', 'crdt'], 'Ports are interfaces over the data.'),
    wall('ops-know-ports', 'node/ops', ['node/ops', 'node/ports', 'crdt'], 'An operation gets the running mesh passed in.'),
    wall('peer-knows-ports', 'node/peer', ['node/peer', 'node/ports', 'crdt'], 'The running mesh stands on ports, not on a host.'),
    wall('rpc-knows-ops', 'node/rpc', ['node/rpc', 'node/ops', 'node/ports', 'crdt'], 'Typed calls are derived from operations.'),
    wall('host-is-below-the-surfaces', 'node/host', ['node/(host|ports|ops|peer|rpc)', 'crdt'], 'The Node side of the ports.'),
    wall('mcp-is-derived-from-ops', 'node/mcp', ['node/(mcp|ports|ops|peer|rpc)', 'crdt'], 'The MCP server reaches its node by rpc.'),
    wall('relay-is-blind', 'relay', ['relay', 'crdt/wire'], 'It cannot read what it has no code to open.'),
    wall('cli-uses-the-node', 'cli', ['cli', 'node', 'crdt', 'relay'], 'Who may import relay: cli-starts-the-relay-in-one-place.'),
    {
      name: 'node-stays-inside',
      comment: 'Nothing under node/ (main.ts included) knows a surface above it.',
      severity: 'error',
      from: { path: '^node/', pathNot: test },
      to: { path: '^(relay|cli|web|provision|demo|build|test)/' },
    },
    {
      name: 'nobody-imports-the-cli',
      severity: 'error',
      from: { pathNot: ['^cli/', test] },
      to: { path: '^cli/' },
    },
    {
      name: 'cli-starts-the-relay-in-one-place',
      severity: 'error',
      from: { pathNot: ['^relay/', '^cli/commands/relay\\.ts$', test] },
      to: { path: '^relay/' },
    },
    {
      name: 'sodium-in-crypto-only',
      comment: 'One place decides how bytes are signed, sealed and hashed.',
      severity: 'error',
      from: { pathNot: ['^crdt/crypto/', packages, test] },
      to: { path: 'node_modules/(libsodium|@noble/)' },
    },
    {
      name: 'crdt-uses-no-package',
      comment: 'Save libsodium, and @noble/hashes for Argon2id, in crdt/crypto (sodium-in-crypto-only).',
      severity: 'error',
      from: { path: '^crdt/', pathNot: test },
      to: { path: packages, pathNot: 'node_modules/(libsodium|@noble/hashes)' },
    },
    {
      name: 'browser-safe-uses-few-packages',
      comment: 'Schemas are zod, QR codes uqr (pure, no dependencies), live documents Yjs (in one folder); everything else comes through a port.',
      severity: 'error',
      from: { path: '^node/(ports|ops|peer|rpc)/', pathNot: test },
      to: { path: packages, pathNot: 'node_modules/(zod|uqr|yjs|y-protocols|lib0)/' },
    },
    {
      name: 'yjs-in-one-folder',
      severity: 'error',
      from: { pathNot: ['^node/peer/documents/', test] },
      to: { path: 'node_modules/(yjs|y-protocols|lib0)/' },
    },
    {
      name: 'browser-safe-uses-no-node',
      severity: 'error',
      from: { path: browserSafe, pathNot: test },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'tests-are-not-sources',
      severity: 'error',
      from: { pathNot: test },
      to: { path: test },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'everything-resolves', severity: 'error', from: { pathNot: test }, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: packages },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    moduleSystems: ['es6'],
    builtInModules: { add: ['node:sqlite', 'node:test', 'node:sea'] },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'], extensions: ['.ts', '.js', '.mjs', '.d.ts'] },
    reporterOptions: { text: { highlightFocused: true } },
  },
}
