/**
 * Text that may come from a peer, made harmless for terminals and frames: no control characters (so no escape
 * sequences), no characters that turn the direction of writing, and, unless asked for, no line breaks.
 */
export function cleanText(text: string, lines: 'one line' | 'lines' = 'one line'): string {
  const shown = lines === 'lines' ? text.replace(/\r\n?|[\v\f\u0085\u2028\u2029]/g, '\n').replace(/\t/g, '    ') : text.replace(/[\t\r\n\v\f\u0085\u2028\u2029]+/g, ' ')
  return shown.toWellFormed().replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, '')
}
