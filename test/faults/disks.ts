import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { execute, type TestPostgres } from '../kit/postgres.ts'
import { openSmallDisk, type SmallDisk } from '../kit/small-disk.ts'

/** File systems that can be full: for all of Kafka, for the tables, and for PostgreSQL's write-ahead log. */
export interface Disks {
  readonly kafka: SmallDisk
  readonly store: SmallDisk
  readonly wal: SmallDisk
}

const megabytes = 768

/** Gives the error of the machine where it lets nobody mount anything. */
export const openDisks = async (): Promise<Disks | Error> => {
  try {
    const kafka = await openSmallDisk(megabytes)
    return { kafka, store: await openSmallDisk(megabytes), wal: await openSmallDisk(megabytes) }
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
}

/** Makes a tablespace on a disk; returns its name. */
export const tablespaceOn = async ({ folder }: SmallDisk, postgres: TestPostgres): Promise<string> => {
  const location = join(folder, 'tablespace')
  mkdirSync(location)
  await postgres.admit(location)
  await execute(postgres.url, `create tablespace small location '${location}'`)
  return 'small'
}
