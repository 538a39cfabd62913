/**
 * Fills a knowledge base with the files of a folder, shows how far it is, and searches it, with the typed client:
 *
 *     npm install ./penstock-0.1.0.tgz      # which `npm pack` makes
 *     node 01-client.ts docs handbook how do I rotate keys
 *
 * PENSTOCK_URL says where Penstock runs, and PENSTOCK_API_KEY opens one that wants a key. Node runs TypeScript as it is
 * from 22.18 on. In a checkout of Penstock, `npm run build` makes the package first.
 */
import { resolve } from 'node:path'
import { ClientError, createClient } from 'penstock/client'

const [folder, kb_id, ...words] = process.argv.slice(2)
const { PENSTOCK_URL = 'http://127.0.0.1:7400', PENSTOCK_API_KEY } = process.env
if (!folder || !kb_id || words.length === 0) throw new Error('Usage: node 01-client.ts FOLDER KB WORDS...')

const client = createClient(PENSTOCK_URL, { apiKey: PENSTOCK_API_KEY })

/** Ends with the job, and says whether all of it was done. */
const ingest = async (path: string): Promise<boolean> => {
  const { job_id } = await client.ingest({ body: { kb_id, sources: [{ type: 'local_files', path }] } })
  for await (const { phase, status, progress, waiting_for } of client.jobEvents({ params: { job_id } }))
    console.log(
      `${phase ?? 'QUEUED'} ${status} ${progress} %${waiting_for === null ? '' : `, waits for ${waiting_for}`}`,
    )

  const { status, metrics, error } = await client.job({ params: { job_id } })
  console.log(`${metrics.documents} documents, ${metrics.chunks} chunks, ${metrics.rejected} rejected`)
  if (error !== null) console.error(`${error.code}: ${error.message}`)
  const { groups } = await client.deadLetters({ params: { job_id }, query: {} })
  for (const { code, examples } of groups)
    for (const { uri, message } of examples) console.error(`${code}: ${uri}: ${message}`)
  return status === 'completed'
}

/** Asked again with its ETag, an answer that is still the same is not sent again. */
const showStored = async (): Promise<void> => {
  const first = await client.knowledgeBase({ params: { kb_id }, ifNoneMatch: null })
  if (first.changed) console.log(`${first.answer.documents} documents are stored`)
  const again = await client.knowledgeBase({ params: { kb_id }, ifNoneMatch: first.etag })
  if (again.changed) console.log(`meanwhile ${again.answer.documents}`)
}

const search = async (query: string): Promise<void> => {
  const { hits } = await client.search({ body: { kb_id, query, top_k: 3 } })
  for (const { score, uri, heading_path, text } of hits)
    console.log(`\n${score.toFixed(4)} ${uri} ${heading_path.join(' > ')}\n${text}`)
}

try {
  if (await ingest(resolve(folder))) {
    await showStored()
    await search(words.join(' '))
  } else process.exitCode = 1
} catch (error) {
  if (!(error instanceof ClientError)) throw error
  console.error(`${error.code}: ${error.message}`)
  if (error.retryAfterSeconds !== null) console.error(`Try again in ${error.retryAfterSeconds} s.`)
  for (const { path, message } of error.mistakes) console.error(`  ${path} ${message}`)
  process.exitCode = 1
}
