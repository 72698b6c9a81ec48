/** How many columns of a terminal a text takes: two for wide characters, none for marks that combine. */
export function textWidth(text: string): number {
  if (plain.test(text)) return text.length
  let width = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) width += wide.test(segment) ? 2 : invisible.test(segment) ? 0 : 1
  return width
}

/** The longest beginning that fits into `columns`, with an ellipsis where something is left out. */
export function fitText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  if (plain.test(text)) return `${text.slice(0, columns - 1)}…`
  let kept = ''
  let width = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += textWidth(segment)
    if (width > columns - 1) break
    kept += segment
  }
  return `${kept}…`
}

/** Most text; for it the segmenter, which takes some 20 ms to load, is not needed. */
const plain = /^[\u0020-\u007e]*$/
const wide = /^(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}])/u
const invisible = /^[\p{Mn}\p{Me}\p{Cf}]+$/u
