import { test } from 'vitest'
import { expectAllToHold, timeoutMs } from './histories.ts'

test(
  'in as many other histories, nothing is lost or doubled and every job comes to its end',
  { timeout: timeoutMs },
  () => expectAllToHold(2),
)
