/** What to do where something else answers in the place of a relay; undefined: the error says nothing of the kind. */
export function portalAdvice(error: string): string | undefined {
  if (!/something else answers|another peer answers/.test(error)) return undefined
  return 'A captive portal may be in the way: open any page in a browser and log in, and the relay is found within seconds. Else its address is wrong: `atoll relay list`.'
}
