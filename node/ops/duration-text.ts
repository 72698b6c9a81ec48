import * as z from 'zod'

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const

/** A span of time such as `30m`, `12h` or `7d`, read into milliseconds. */
export function durationText(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z
    .string()
    .regex(/^[1-9]\d{0,5}[smhdw]$/, 'a time span is a number with s, m, h, d or w, such as 12h or 7d')
    .transform((text) => Number.parseInt(text, 10) * units[text.at(-1) as keyof typeof units])
}
