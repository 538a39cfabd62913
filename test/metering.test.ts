import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../src/config.ts'
import { openMetering } from '../src/metering.ts'
import type { BreakerState } from '../src/models/meter.ts'
import { silent } from './kit/log.ts'
import { temporaryFolder } from './kit/temporary-folder.ts'

const open = () => {
  const { folder, remove } = temporaryFolder('metering')
  onTestFinished(remove)
  const uploads = join(folder, 'elsewhere')
  const config = loadConfig({ env: { PENSTOCK_UPLOAD_DIR: uploads }, cwd: folder, flags: { dataDir: folder } })
  return { ...openMetering(config, silent), uploads }
}

test('a model of which several providers or sizes have a breaker shows the worst', async () => {
  const { models, metrics } = open()
  const states: BreakerState[] = ['open', 'closed']
  for (const i of states.keys()) models.breaker('small', () => states[i]!)
  expect(await metrics.text()).toContain('ingestion_breaker_state{model="small"} 2')
  states[0] = 'trying'
  expect(await metrics.text()).toContain('ingestion_breaker_state{model="small"} 1')
})

test('the disks of the data folder and of uploads are watched, each where it is there', async () => {
  const { metrics, uploads } = open()
  const folders = async () =>
    [...(await metrics.text()).matchAll(/^data_folder_(?:free|size)_bytes\{folder="(\w+)"\} \d/gm)].map(
      ([, folder]) => folder,
    )
  expect(await folders()).toEqual(['data', 'data'])
  mkdirSync(uploads)
  expect((await folders()).sort()).toEqual(['data', 'data', 'uploads', 'uploads'])
})
