import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from 'wouter'
import { useClient } from './client.ts'
import { byPage } from './pages.ts'
import { More, Table, Wrong } from './parts.tsx'
import { number, time } from './text.ts'

/** All knowledge bases, by name. */
export const BasesPage = () => {
  const client = useClient()
  const bases = useInfiniteQuery({
    queryKey: ['bases'],
    queryFn: ({ pageParam, signal }) => client.knowledgeBases({ query: { after: pageParam } }, signal),
    ...byPage,
  })
  const found = bases.data?.pages.flatMap(page => page.knowledge_bases)
  return (
    <>
      <h1>Knowledge bases</h1>
      <Wrong error={bases.error} />
      {found === undefined ? (
        <p aria-busy={bases.isPending} />
      ) : (
        <Table
          head={['Name', 'Documents', 'Chunks', 'Embedding', 'Made']}
          none="There are none. Make one under Ingest, or with `penstock ingest FOLDER --kb NAME`."
        >
          {found.map(({ kb_id, documents, chunks, embedding, created_at, deletion }) => (
            <tr key={kb_id}>
              <td>
                <Link href={`/bases/${encodeURIComponent(kb_id)}`}>{kb_id}</Link>
                {deletion && <div className="why">is being deleted</div>}
              </td>
              <td className="number">{number(documents)}</td>
              <td className="number">{number(chunks)}</td>
              <td>
                {embedding.provider}:{embedding.model}:{embedding.dimensions}
              </td>
              <td>{time(created_at)}</td>
            </tr>
          ))}
        </Table>
      )}
      <More of={bases} />
    </>
  )
}
