import type { Root } from 'hast'
import { attribute, elementsOf, firstOf, relOf } from './tree.ts'

export interface PageLink {
  /** In full, http or https, without its fragment. */
  readonly href: string
  readonly nofollow: boolean
}

const mostLinks = 20_000

/** What links of a page are relative to: its `base`, else its own address; null where neither says. */
export const baseOf = (root: Root, url: string | null): string | null => {
  const own = firstOf(root, element => element.tagName === 'base' && attribute(element, 'href') !== null)
  const href = own && attribute(own, 'href')
  return href && URL.canParse(href, url ?? undefined) ? new URL(href, url ?? undefined).href : url
}

const linking = new Map(Object.entries({ a: 'href', area: 'href', frame: 'src', iframe: 'src' }))

/** Where a page leads to, menus included, each address once, in their order; at most 20,000. */
export const linksOf = (root: Root, base: string | null): readonly PageLink[] => {
  const found = new Map<string, boolean>()
  for (const element of elementsOf(root)) {
    const name = linking.get(element.tagName)
    const href = name ? withoutFragment(addressOf(attribute(element, name), base)) : null
    if (href === null) continue
    const nofollow = relOf(element).includes('nofollow')
    found.set(href, (found.get(href) ?? true) && nofollow)
    if (found.size === mostLinks) break
  }
  return Array.from(found, ([href, nofollow]) => ({ href, nofollow }))
}

/** The address of a page: of http or https, else null. */
export const withoutFragment = (address: string | null): string | null =>
  address !== null && /^https?:/.test(address) ? address.replace(/#.*/s, '') : null

/** An address in full; null for what is none. */
export const addressOf = (href: string | null, base: string | null): string | null => {
  const trimmed = href?.trim()
  return trimmed && URL.canParse(trimmed, base ?? undefined) ? new URL(trimmed, base ?? undefined).href : null
}
