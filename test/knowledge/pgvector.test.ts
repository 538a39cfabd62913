import { databases } from '../kit/databases.ts'
import { describeStore } from './store-contract.ts'

for (const [name, open] of databases) describeStore(name, open)
