import { useMutation } from '@tanstack/react-query'
import { useClient } from './client.ts'
import { Wrong } from './parts.tsx'

const modes = ['hybrid', 'vector', 'text'] as const
type Mode = (typeof modes)[number]

/** A search of one knowledge base. What was found is shown as text: it may be anybody's. */
export const Search = ({ kbId }: { readonly kbId: string }) => {
  const client = useClient()
  const search = useMutation({
    mutationFn: (asked: { readonly query: string; readonly mode: Mode }) =>
      client.search({ body: { kb_id: kbId, ...asked } }),
  })
  return (
    <>
      <search>
        <form
          onSubmit={event => {
            event.preventDefault()
            const asked = new FormData(event.currentTarget)
            const mode = modes.find(one => one === asked.get('mode')) ?? 'hybrid'
            search.mutate({ query: String(asked.get('query')), mode })
          }}
        >
          <fieldset className="grid">
            <input name="query" type="search" aria-label="What to search for" placeholder="Search" required />
            <select name="mode" aria-label="How to search">
              {modes.map(mode => (
                <option key={mode}>{mode}</option>
              ))}
            </select>
            <button type="submit" aria-busy={search.isPending}>
              Search
            </button>
          </fieldset>
        </form>
      </search>
      <Wrong error={search.error} />
      {search.data?.hits.length === 0 && <p>Nothing was found.</p>}
      {search.data?.hits.map(hit => (
        <article key={hit.chunk_id}>
          <header>
            <strong>{hit.heading_path.length > 0 ? hit.heading_path.join(' › ') : hit.title}</strong>{' '}
            <small className="why">
              {hit.uri} · score {hit.score.toFixed(4)}
              {hit.trace_id === null ? '' : ` · trace ${hit.trace_id}`}
            </small>
          </header>
          <pre className="text">{hit.text}</pre>
        </article>
      ))}
    </>
  )
}
