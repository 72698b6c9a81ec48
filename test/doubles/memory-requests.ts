import { AtollError } from '../../node/ports/errors.ts'
import type { JoinRequest, RequestsService } from '../../node/ports/services.ts'

/** Somebody who waits to be let in, until that is decided. */
export function memoryRequests(): RequestsService {
  const waiting: JoinRequest[] = [{ request: 'd0e1f2a3b4c5', number: '12345 '.repeat(6).trim(), name: 'dave', role: 'member', invite: 'invite1', invited_by: 'bob', asked_at: 1000, here: true }]
  const find = (typed: string): JoinRequest => {
    const found = waiting.find(({ request, number }) => request.startsWith(typed) || number === typed)
    if (found === undefined) throw new AtollError('request_unknown', { request: typed })
    return found
  }
  const take = (typed: string): JoinRequest => {
    const found = find(typed)
    waiting.splice(waiting.indexOf(found), 1)
    return found
  }
  return {
    list: async () => [...waiting],
    approve: async (typed, preview = false) => ({ ...(preview ? find(typed) : take(typed)), done: !preview }),
    refuse: async (typed) => take(typed),
  }
}
