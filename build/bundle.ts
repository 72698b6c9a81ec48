/**
 * Bundles the command line (and with it the node, the relay and the MCP server) into ES modules. What is
 * imported with `await import()` becomes a chunk of its own, so a command loads only what it needs.
 */
import { isBuiltin } from 'node:module'
import { build, type BuildResult, type Metafile } from 'esbuild'

export type Bundle = BuildResult<{ write: false; metafile: true }>

/** Bundled CommonJS packages call `require` for Node's own modules; an ES module has none by itself. */
const require = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`

/**
 * @param root the repository
 * @param outdir where the caller will write the files
 * @throws where something does not resolve, or would have to be installed beside the bundle
 */
export async function bundle(root: string, outdir: string): Promise<Bundle> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: { bin: 'cli/bin.ts' },
    outdir,
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.18',
    chunkNames: 'chunks/[name]-[hash]',
    banner: { js: require },
    // Names stay, so that a stack trace from a user can be read.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'silent',
  })
  const imports = Object.values(result.metafile.outputs).flatMap((output) => output.imports)
  const outside = imports.filter(({ external, kind, path }) => external === true && kind !== 'require-call' && !isBuiltin(path))
  if (outside.length > 0) throw new Error(`not in the bundle: ${outside.map(({ path }) => path).join(', ')}`)
  return result
}

/** The package an input belongs to, as `name`, or undefined for our own sources. */
export function packageOf(input: string): string | undefined {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]
}

/** Bytes that each package, and our own code, takes in one output, largest first. */
export function contents(output: Metafile['outputs'][string]): [name: string, bytes: number][] {
  const sizes = new Map<string, number>()
  for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
    const name = packageOf(input) ?? 'atoll'
    sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput)
  }
  return [...sizes].sort((a, b) => b[1] - a[1])
}
