import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { Link, Route, Router, Switch } from 'wouter'
import { useHashLocation } from 'wouter/use-hash-location'
import { ClientError } from '../api/client.ts'
import { BasePage } from './base-page.tsx'
import { BasesPage } from './bases-page.tsx'
import { ClientContext, clientWith, keepKey, keptKey } from './client.ts'
import { IngestPage } from './ingest-page.tsx'
import { JobPage } from './job-page.tsx'
import { JobsPage } from './jobs-page.tsx'
import { KeyForm } from './key-form.tsx'

/** How often what is shown is asked for again, in ms. */
const lookEveryMs = 2_000

/** The console: what the API tells, as pages, and what it takes, as buttons. */
export const App = () => {
  const [key, setKey] = useState(keptKey)
  const [refused, setRefused] = useState<string | null>(null)
  const client = useMemo(() => clientWith(key), [key])
  const queries = useMemo(() => queriesThat(setRefused), [])
  const change = (given: string | null) => {
    keepKey(given)
    setKey(given)
    setRefused(null)
    queries.clear()
  }
  return (
    <QueryClientProvider client={queries}>
      <ClientContext value={client}>
        <Router hook={useHashLocation}>
          <header className="container">
            <nav>
              <ul>
                <li>
                  <strong>Penstock</strong>
                </li>
                <li>
                  <Link href="/">Jobs</Link>
                </li>
                <li>
                  <Link href="/bases">Knowledge bases</Link>
                </li>
                <li>
                  <Link href="/ingest">Ingest</Link>
                </li>
              </ul>
              <ul>
                <li>
                  <a href="/reference">API</a>
                </li>
                {key !== null && (
                  <li>
                    <button type="button" className="outline secondary" onClick={() => change(null)}>
                      Forget the key
                    </button>
                  </li>
                )}
              </ul>
            </nav>
          </header>
          <main className="container">
            {refused !== null ? (
              <KeyForm why={refused} give={change} />
            ) : (
              <Switch>
                <Route path="/">
                  <JobsPage />
                </Route>
                <Route path="/jobs/:id">{({ id }) => <JobPage id={decodeURIComponent(id)} />}</Route>
                <Route path="/bases">
                  <BasesPage />
                </Route>
                <Route path="/bases/:id">{({ id }) => <BasePage id={decodeURIComponent(id)} />}</Route>
                <Route path="/ingest/:id?">
                  {({ id = '' }) => <IngestPage key={id} kbId={decodeURIComponent(id)} />}
                </Route>
                <Route>There is no such page.</Route>
              </Switch>
            )}
          </main>
        </Router>
      </ClientContext>
    </QueryClientProvider>
  )
}

/** Looks again by itself; where a key is wanted, or the one that was shown is no good, `refused` is told why. */
const queriesThat = (refused: (why: string) => void): QueryClient => {
  const onError = (error: Error) => {
    if (error instanceof ClientError && error.status === 401) refused(error.message)
  }
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: { queries: { refetchInterval: lookEveryMs, retry: false, networkMode: 'always' } },
  })
}
