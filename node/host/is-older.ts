/** Whether version `a` comes before `b`: numbers by value, a pre-release before its release. */
export function isOlder(a: string, b: string): boolean {
  const [numbersA, preA] = parts(a)
  const [numbersB, preB] = parts(b)
  for (let i = 0; i < Math.max(numbersA.length, numbersB.length); i++) {
    const difference = (numbersA[i] ?? 0) - (numbersB[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  if (preA === preB) return false
  return preA !== '' && (preB === '' || preA < preB)
}

function parts(version: string): readonly [readonly number[], string] {
  const plain = version.split('+')[0] ?? ''
  const dash = plain.indexOf('-')
  const numbers = dash < 0 ? plain : plain.slice(0, dash)
  return [numbers.split('.').map((number) => Number.parseInt(number, 10) || 0), dash < 0 ? '' : plain.slice(dash + 1)]
}
