import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from 'wouter'
import { useClient } from './client.ts'
import { byPage } from './pages.ts'
import { More, State, Table, Wrong } from './parts.tsx'
import { Search } from './search.tsx'
import { number, time } from './text.ts'

/** One knowledge base: search it, see its newest job and its documents, delete it. */
export const BasePage = ({ id }: { readonly id: string }) => {
  const client = useClient()
  const params = { kb_id: id }
  const base = useQuery({
    queryKey: ['base', id],
    queryFn: ({ signal }) => client.knowledgeBase({ params }, signal),
  })
  const job = useQuery({ queryKey: ['status', id], queryFn: ({ signal }) => client.kbStatus({ params }, signal) })
  if (base.data === undefined) return base.error ? <Wrong error={base.error} /> : <p aria-busy="true" />
  const { documents, chunks, chunking, deletion } = base.data
  return (
    <>
      <hgroup>
        <h1>{id}</h1>
        <p>
          {number(documents)} documents, {number(chunks)} chunks of up to {chunking.chunk_size} tokens (
          {chunking.strategy})
        </p>
      </hgroup>
      <Wrong error={base.error} />
      {job.data && (
        <p>
          <Link href={`/jobs/${encodeURIComponent(job.data.job_id)}`}>Newest job</Link>: <State of={job.data.status} />{' '}
          <span className="why">{job.data.waiting_for ?? job.data.message}</span>
        </p>
      )}
      {deletion ? (
        <p role="alert">
          It has been deleted since {time(deletion.asked_at)}
          {deletion.waiting_for === null ? '.' : `, and waits for ${deletion.waiting_for}.`}
        </p>
      ) : (
        <>
          <Search kbId={id} />
          <Documents kbId={id} />
          <p>
            <Link href={`/ingest/${encodeURIComponent(id)}`}>Put more into it</Link>
          </p>
          <Delete kbId={id} />
        </>
      )}
    </>
  )
}

const Documents = ({ kbId }: { readonly kbId: string }) => {
  const client = useClient()
  const documents = useInfiniteQuery({
    queryKey: ['documents', kbId],
    queryFn: ({ pageParam, signal }) =>
      client.documents({ params: { kb_id: kbId }, query: { limit: 20, after: pageParam } }, signal),
    ...byPage,
  })
  return (
    <>
      <h2>Documents</h2>
      <Wrong error={documents.error} />
      <Table head={['Title', 'Where', 'Chunks', 'Updated']} none="There are none.">
        {(documents.data?.pages.flatMap(page => page.documents) ?? []).map(one => (
          <tr key={one.document_id}>
            <td>{one.title}</td>
            <td className="why">{one.uri}</td>
            <td className="number">{number(one.chunks)}</td>
            <td>{time(one.updated_at)}</td>
          </tr>
        ))}
      </Table>
      <More of={documents} />
    </>
  )
}

const Delete = ({ kbId }: { readonly kbId: string }) => {
  const client = useClient()
  const queries = useQueryClient()
  const deleting = useMutation({
    mutationFn: () => client.deleteKnowledgeBase({ params: { kb_id: kbId } }),
    onSettled: () => queries.invalidateQueries(),
  })
  const ask = () => {
    const typed = window.prompt(`This deletes ${kbId} with all that is in it, for good. Type its name to do so.`)
    if (typed === kbId) deleting.mutate()
  }
  return (
    <div className="actions">
      <button type="button" className="outline secondary" disabled={deleting.isPending} onClick={ask}>
        delete the knowledge base
      </button>
      <Wrong error={deleting.error} />
    </div>
  )
}
