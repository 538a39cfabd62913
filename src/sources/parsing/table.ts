import { parseFrontMatter } from './front-matter-yaml.ts'
import { parseHtml } from './html.ts'
import { parseSitemap } from './sitemap.ts'

/** The parsers that run in children, by name. */
export const parsers = { front_matter: parseFrontMatter, html: parseHtml, sitemap: parseSitemap } as const

export type OwnParsers = typeof parsers
