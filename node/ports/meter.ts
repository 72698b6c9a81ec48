/** Who counts calls. Told by `runOp`, so that an operation is counted because it is declared. */
import type { ErrorCode } from './errors.ts'

export interface OperationMeter {
  /** A call begins. What is returned is called once, when it has ended; with the code that it failed with, if it did. */
  began(operation: string): (failedWith?: ErrorCode) => void
}
