/** The licence texts of the packages that a bundle contains, as their licences ask. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

/** @param root the repository @returns one text: per package its name, version, licence and licence file */
export function licenses(root: string, metafile: Metafile): string {
  const folders = new Set<string>()
  for (const input of Object.keys(metafile.inputs)) {
    const folder = /.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0]
    if (folder) folders.add(folder)
  }
  const parts = [...folders].map((folder) => licenseOf(join(root, folder))).sort()
  return `Atoll's bundle contains these packages.\n\n${[...new Set(parts)].join('\n')}`
}

function licenseOf(folder: string): string {
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string; version: string; license?: string }
  const file = readdirSync(folder).find((name) => /^licen[cs]e([-.]mit)?(\.(md|txt))?$/i.test(name))
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim() + '\n'
  return `---- ${about.name} ${about.version} (${about.license ?? 'see its text'})\n${text}`
}
