/** Waits for all to settle, but no longer than until `deadline` fires; says whether they did. */
export async function settledBy(deadline: AbortSignal, work: readonly Promise<unknown>[]): Promise<boolean> {
  const late = Promise.withResolvers<false>()
  const giveUp = () => late.resolve(false)
  deadline.addEventListener('abort', giveUp)
  if (deadline.aborted) giveUp()
  const settled = await Promise.race([Promise.allSettled(work).then(() => true), late.promise])
  deadline.removeEventListener('abort', giveUp)
  return settled
}
