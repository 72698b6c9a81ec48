/** Runs a derived command: arguments → input → the node → the answer on the screen, or as one JSON document. */
import { resolve } from 'node:path'
import { absolutePaths } from '../node/ops/absolute-paths.ts'
import { AtollError } from '../node/ports/errors.ts'
import type { Operation } from '../node/ops/define.ts'
import type { Client } from '../node/rpc/client-types.ts'
import { onlyReads } from '../node/ops/only-reads.ts'
import { operationFlags, operationInput } from './operation-input.ts'
import { operationParams } from './operation-params.ts'
import { parseFlags, type FlagValues } from './parse-flags.ts'
import { printShow } from './print-show.ts'
import { Progress } from './progress.ts'
import { openClient, type Surface } from './surface.ts'

/** Resolves with the exit status. Throws AtollError. */
export async function runOperation(operation: Operation, args: readonly string[], globals: FlagValues, surface: Surface): Promise<number> {
  const params = operationParams(operation)
  const given = parseFlags(args, operationFlags(operation, params))
  const values = { ...globals, ...given.values }
  const input = absolutePaths(operation, await operationInput(operation, params, given, surface.terminal.stdin), (path) => resolve(surface.directory, path))
  await confirm(operation, input, values, surface)
  const answer = await call(operation, input, values, surface)
  if (surface.json) surface.terminal.json(answer)
  else printShow(operation.show(answer, input), surface.terminal, surface.now())
  return operation.cli?.exit?.(answer) ?? 0
}

async function call(operation: Operation, input: Record<string, unknown>, values: FlagValues, surface: Surface): Promise<Record<string, unknown>> {
  const progress = new Progress(surface.terminal, surface.now)
  let client: Client | undefined
  try {
    client = await openClient(surface, { mesh: values['mesh'] as string | undefined, ownNode: values['own-node'] === true, onlyReads: onlyReads(operation, input) })
    const answer = await client.callUntyped(operation.name, input, {
      signal: surface.signal,
      progress: (text, done, total, unit) => progress.update(text, done, total, unit),
      event: (event) => {
        if (surface.json) surface.terminal.json(event as Record<string, unknown>)
        else printShow(operation.showEvent?.(event) ?? [JSON.stringify(event)], surface.terminal, surface.now())
      },
    })
    return answer as Record<string, unknown>
  } finally {
    await client?.[Symbol.asyncDispose]()
    progress[Symbol.dispose]()
  }
}

async function confirm(operation: Operation, input: Record<string, unknown>, values: FlagValues, surface: Surface): Promise<void> {
  const { terminal, json, signal } = surface
  const preview = operation.cli?.preview
  const what = operation.cli?.confirm?.(input)
  const isPreview = preview !== undefined && Object.entries(preview).every(([name, value]) => input[name] === value)
  if (what === undefined || values['yes'] === true || isPreview) return
  if (!terminal.interactive || process.stdin.isTTY !== true || json) throw new AtollError('confirm_needed', { what })
  if (preview !== undefined) {
    const asked = { ...input, ...preview }
    printShow(operation.show(await call(operation, asked, values, surface), asked), terminal, surface.now())
  }
  const { createInterface } = await import('node:readline/promises')
  const question = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await question.question(`${what} Do it? [y/N] `, { signal })
    if (!/^y(es)?$/i.test(answer.trim())) throw new AtollError('cancelled')
  } catch (error) {
    throw error instanceof AtollError ? error : new AtollError('cancelled', {}, { cause: error })
  } finally {
    question.close()
  }
}
