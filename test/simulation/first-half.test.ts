import { test } from 'vitest'
import { expectAllToHold, timeoutMs } from './histories.ts'

test(
  'whatever strikes in whatever order, nothing is lost or doubled and every job comes to its end',
  { timeout: timeoutMs },
  () => expectAllToHold(1),
)
