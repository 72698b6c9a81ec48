import * as z from 'zod'

/** What Claude Code writes to a hook's standard input, as far as it is used here. */
const hookInput = z.looseObject({
  session_id: z.string().min(1),
  hook_event_name: z.string().min(1),
  cwd: z.string().optional(),
  /** Set where a subagent is at work and not the session's own conversation. */
  agent_id: z.string().optional(),
})
/** As parsed. */
export type HookInput = z.infer<typeof hookInput>

/** Parses it, or says in words what it is instead. */
export function parseHookInput(text: string): { readonly ok: true; readonly input: HookInput } | { readonly ok: false; readonly why: string } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { ok: false, why: 'standard input is not JSON' }
  }
  const parsed = hookInput.safeParse(json)
  return parsed.success ? { ok: true, input: parsed.data } : { ok: false, why: z.prettifyError(parsed.error) }
}

/** The events whose `additionalContext` reaches the model with its next request. */
export const contextEvents = ['SessionStart', 'UserPromptSubmit', 'PostToolUse'] as const

/** What a hook prints to put text before the model. */
export function hookOutput(event: string, context: string): string {
  return JSON.stringify({ hookSpecificOutput: { hookEventName: event, additionalContext: context } })
}
