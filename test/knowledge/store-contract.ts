import { describe } from 'vitest'
import type { TestDatabase } from '../kit/databases.ts'
import { describeCatalogue } from './contract/catalogue.ts'
import { describeEffects } from './contract/effects.ts'
import { describeFinishing } from './contract/finishing.ts'
import { describeListing } from './contract/listing.ts'
import { describeSearch } from './contract/search.ts'
import { describeSweeping } from './contract/sweeping.ts'
import { describeVectors } from './contract/vectors.ts'
import { describeVerify } from './contract/verify.ts'
import { describeVersions } from './contract/versions.ts'
import { useStore } from './store-bench.ts'

/** What every store of knowledge bases does, whatever database is beneath it. */
export const describeStore = (name: string, open: () => Promise<TestDatabase>) =>
  describe(`the knowledge store on ${name}`, () => {
    const bench = useStore(open)
    describeEffects(bench)
    describeVersions(bench)
    describeVectors(bench)
    describeListing(bench)
    describeSearch(bench)
    describeFinishing(bench)
    describeSweeping(bench)
    describeCatalogue(bench)
    describeVerify(bench)
  })
