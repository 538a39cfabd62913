import type { Element, Parents, Root, RootContent } from 'hast'
import { attribute, classesOf, firstOf, lengthOf } from './tree.ts'

/**
 * The part of a page that is its text. What the page itself calls so (`main`, else `article`) is taken where it holds
 * most of the text, else the whole body; without what is there to get about: navigation, page headers and footers,
 * forms, hidden elements, notices about cookies. Only structure counts, no guess about words: what is not known to be
 * beside the text is kept, and a page that is all menu keeps its menu.
 */
export const mainTextOf = (root: Root): Parents => {
  const body = firstOf(root, ({ tagName }) => tagName === 'body') ?? root
  const visible = pruned(body, isNoText)
  const text = pruned(visible, (element, inSection) => isBesideText(element) || isOfPage(element, inSection))
  const all = lengthOf(text)
  if (all === 0) return visible
  const named = [...outermost(text, isMain)]
  if (holds(named, all / 2)) return { type: 'root', children: named }
  const articles = [...outermost(text, ({ tagName }) => tagName === 'article')]
  return holds(articles, (all * 2) / 3) ? { type: 'root', children: articles } : text
}

const holds = (parts: readonly Element[], least: number): boolean =>
  parts.length > 0 && parts.reduce((sum, part) => sum + lengthOf(part), 0) >= least

/** A copy without some elements; one around the main text stays. `inSection`: inside of an article, a section or the main text. */
const pruned = <T extends Parents>(
  tree: T,
  unwanted: (element: Element, inSection: boolean) => boolean,
  inSection = false,
): T => {
  const children: RootContent[] = []
  for (const child of tree.children) {
    if (child.type !== 'element') children.push(child)
    else if (!unwanted(child, inSection) || isMain(child) || firstOf(child, isMain) !== null)
      children.push(pruned(child, unwanted, inSection || isMain(child) || /^(?:article|section)$/.test(child.tagName)))
  }
  return { ...tree, children } as T
}

function* outermost(tree: Parents, wanted: (element: Element) => boolean): Generator<Element> {
  for (const child of tree.children) {
    if (child.type !== 'element') continue
    if (wanted(child)) yield child
    else yield* outermost(child, wanted)
  }
}

const isMain = (element: Element) => element.tagName === 'main' || attribute(element, 'role') === 'main'

const noText: ReadonlySet<string> = new Set([
  ...['script', 'style', 'template', 'noscript', 'link', 'meta', 'svg', 'canvas', 'iframe', 'frameset', 'object'],
  ...['embed', 'audio', 'video', 'input', 'select', 'textarea', 'button', 'datalist', 'dialog'],
])

const isNoText = (element: Element): boolean =>
  noText.has(element.tagName) ||
  element.properties.hidden === true ||
  attribute(element, 'ariaHidden') === 'true' ||
  /(?:^|;)\s*display\s*:\s*none/i.test(attribute(element, 'style') ?? '') ||
  isCookieNotice(element)

const cookieNotice =
  /^(?:(?:cookie|consent|gdpr)s?[-_]?(?:banner|consent|notice|bar|popup|modal|message|overlay|wrapper|law.*)|onetrust.*|cc-(?:window|banner)|cybotcookiebot.*)$/i

const isCookieNotice = (element: Element): boolean =>
  [...classesOf(element), attribute(element, 'id') ?? ''].some(name => cookieNotice.test(name))

/** Classes and ids by which generators of documentation mark what is there to get about. */
const furniture: ReadonlySet<string> = new Set([
  ...['navheader', 'navfooter', 'sphinxsidebar', 'headerlink', 'nav-panel', 'wy-nav-side', 'rst-footer-buttons'],
  ...['md-sidebar', 'md-header', 'md-footer', 'breadcrumb', 'breadcrumbs', 'skip-link', 'skiplink', 'skip-nav'],
  ...['nav-path', 'side-nav', 'main-nav', 'titlearea', 'MSearchSelectWindow', 'MSearchResultsWindow', 'linenos'],
  ...['lineno', 'linenodiv', 'edit-page-link', 'copybtn', 'anchor-link', 'navigation', 'mw-editsection', 'printfooter'],
])
const ways: ReadonlySet<string> = new Set([
  'navigation',
  'search',
  'menu',
  'menubar',
  'toolbar',
  'dialog',
  'alertdialog',
])

/** True for what is not the text, wherever it stands. */
const isBesideText = (element: Element): boolean =>
  element.tagName === 'nav' ||
  ways.has(attribute(element, 'role') ?? '') ||
  [...classesOf(element), attribute(element, 'id') ?? ''].some(name => furniture.has(name)) ||
  (element.tagName === 'form' && firstOf(element, isBlockOfText) === null)

const isBlockOfText = ({ tagName }: Element) => /^(?:p|h[1-6]|table|pre|ul|ol|dl|article|section|main)$/.test(tagName)

/** True for what is about the page, where it is the page's own and not that of a section. */
const isOfPage = (element: Element, inSection: boolean): boolean =>
  !inSection &&
  (['header', 'footer', 'aside'].includes(element.tagName) ||
    ['banner', 'contentinfo', 'complementary'].includes(attribute(element, 'role') ?? ''))
