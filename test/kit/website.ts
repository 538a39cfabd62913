import type { OutgoingHttpHeaders } from 'node:http'
import type { Reply } from './web-server.ts'

/** A page of a site: HTML, or what its server answers. */
export type SitePage = string | Reply

/** Answers of a site that is made of pages by their paths; anything else is not there. */
export const siteOf =
  (pages: Readonly<Record<string, SitePage>>) =>
  (path: string): Reply => {
    const page = pages[path]
    if (page === undefined) return { status: 404, body: 'not there' }
    return typeof page === 'string' ? { body: page } : page
  }

/** A page with a title, words of its own and links. */
export const pageWith = (title: string, links: readonly string[] = [], head = ''): string =>
  `<!doctype html><html><head><title>${title}</title>${head}</head><body><main><h1>${title}</h1>
<p>${`The page ${title} says that ${title} is what it is about, and more of ${title}. `.repeat(3)}</p>
${links.map(href => `<p><a href="${href}">${href}</a></p>`).join('\n')}</main></body></html>`

export const xml = (body: string, headers: OutgoingHttpHeaders = {}): Reply => ({
  body,
  headers: { 'content-type': 'application/xml', ...headers },
})
export const redirect = (location: string, status = 301): Reply => ({ status, headers: { location } })
