/**
 * A file name that a peer chose, made harmless for any file system: one component, no control characters, nothing that
 * turns the direction of writing, no name that means a device on Windows.
 */
export function safeName(name: string): string {
  const clean = name.normalize('NFC').toWellFormed().replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '').replace(/[/\\:*?"<>|]/g, '_').replace(/[. ]+$/, '').trim()
  const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(clean)
  const short = shortened(reserved ? `_${clean}` : clean)
  return short === '' || /^\.+$/.test(short) ? 'file' : short
}

const mostBytes = 200
const utf8 = new TextEncoder()

/** Cut in front of its extension, at a whole character. */
function shortened(name: string): string {
  if (utf8.encode(name).length <= mostBytes) return name
  const extension = /\.[^.]{1,16}$/.exec(name)?.[0] ?? ''
  const characters = Array.from(name.slice(0, name.length - extension.length))
  while (utf8.encode(characters.join('') + extension).length > mostBytes) characters.pop()
  return characters.join('') + extension
}
