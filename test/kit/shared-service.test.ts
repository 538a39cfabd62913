import { expect, test } from 'vitest'
import { sharedService } from './shared-service.ts'

test('x', async () => {
  await expect(sharedService('zzz')).rejects.toThrow(/There are kafka/)
})
