/** How often and from which seed the properties are tried: few runs by default, ATOLL_LONG=1 tries many, ATOLL_SEED=n repeats one. */
import fc from 'fast-check'

const long = process.env['ATOLL_LONG'] === '1'

/** A property's test may take this long. */
export const patience = { timeout: long ? 3_600_000 : 60_000 }

/** Checks a property; a failure prints its seed and what it shrank to. @param kept cases that failed once */
export function holds<Ts extends [unknown, ...unknown[]]>(property: fc.IProperty<Ts>, runs: number, kept: Ts[] = []): void {
  const seed = process.env['ATOLL_SEED']
  fc.assert(property, { numRuns: long ? runs * 100 : runs, examples: kept, ...(seed === undefined ? {} : { seed: Number(seed) }) })
}

/** The same for a property of something that takes turns. */
export async function holdsInTurns<Ts extends [unknown, ...unknown[]]>(property: fc.IAsyncProperty<Ts>, runs: number): Promise<void> {
  const seed = process.env['ATOLL_SEED']
  await fc.assert(property, { numRuns: long ? runs * 100 : runs, ...(seed === undefined ? {} : { seed: Number(seed) }) })
}
