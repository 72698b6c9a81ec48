import * as z from 'zod'

const noteValue = z.object({ text: z.string(), tags: z.array(z.string()) })
/** What is stored under a note's id in the memory document. */
export type NoteValue = z.infer<typeof noteValue>

/** A note from its JSON text, or undefined when a peer wrote something else there. */
export function parseNote(json: string): NoteValue | undefined {
  const parsed = noteValue.safeParse(JSON.parse(json))
  return parsed.success ? parsed.data : undefined
}
