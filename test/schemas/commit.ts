/** `npm run schemas:commit` */
import { commitSchemas } from './committed.ts'

const written = commitSchemas()
console.log(written.length > 0 ? `Committed ${written.join(', ')}.` : 'All schemas are as committed.')
