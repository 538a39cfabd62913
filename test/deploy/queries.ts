import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import { parse } from 'yaml'

export const deploy = join(import.meta.dirname, '../../deploy')

/** A query of a panel or an alert. */
export interface Query {
  readonly where: string
  readonly expr: string
  /** Labels that the text beside it shows. */
  readonly shown: readonly string[]
}

interface Dashboard {
  readonly title: string
  readonly panels: readonly {
    readonly title: string
    readonly type: string
    readonly fieldConfig: { readonly defaults: { readonly thresholds?: { readonly steps: readonly unknown[] } } }
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[]
  }[]
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] }
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string
      readonly expr: string
      readonly annotations: { readonly summary: string }
    }[]
  }[]
}

export const dashboards: readonly Dashboard[] = readdirSync(join(deploy, 'grafana/dashboards')).map(file =>
  JSON.parse(readFileSync(join(deploy, 'grafana/dashboards', file), 'utf8')),
)

export const alerts = (parse(readFileSync(join(deploy, 'prometheus/alerts.yml'), 'utf8')) as Rules).groups.flatMap(
  ({ rules }) => rules,
)

/** What Grafana puts in for its variables. */
export const filledIn = (expr: string, range = '5m'): string =>
  expr
    .replaceAll('$__rate_interval', range)
    .replaceAll('$__range', range)
    .replace(/\$(kb_id|stage|model)\b/g, '.*')

const panelQueries = dashboards.flatMap(({ title, panels }) =>
  panels.flatMap(panel =>
    panel.targets.map(({ expr, legendFormat }) => ({
      where: `${title} / ${panel.title}`,
      expr: filledIn(expr),
      shown: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!),
    })),
  ),
)

const alertQueries = alerts.map(({ alert, expr, annotations }) => ({
  where: alert,
  expr,
  shown: [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label!),
}))

const variableQueries = dashboards.flatMap(({ title, templating: { list } }) =>
  list.flatMap(({ query }) => {
    const [, series, label] = /^label_values\((\w+), (\w+)\)$/.exec(typeof query === 'string' ? '' : query.query) ?? []
    return series && label ? [{ where: `${title} / ${label}`, expr: `count by (${label}) (${series})`, shown: [] }] : []
  }),
)

export const queries: readonly Query[] = [...panelQueries, ...alertQueries, ...variableQueries]

/** Labels that Prometheus itself adds to each series. */
const added = ['instance', 'job']

const madeIn = (expr: string) => [...expr.matchAll(/label_replace\(.*?, "(\w+)"/g)].map(([, label]) => label!)

/** What a query asks for that is not there, in words; `exposed` is series to its labels. */
export const wrongIn = ({ where, expr, shown }: Query, exposed: ReadonlyMap<string, ReadonlySet<string>>): string[] => {
  const wrong: string[] = []
  const text = ({ from, to }: SyntaxNode) => expr.slice(from, to)
  const below = (node: SyntaxNode, name: string): SyntaxNode[] => {
    const found: SyntaxNode[] = []
    node.cursor().iterate(one => {
      if (one.name === name) found.push(one.node)
    })
    return found
  }
  const top = parser.parse(expr).topNode
  if (below(top, '⚠').length > 0) wrong.push('it is no PromQL')
  const labelsOf = (node: SyntaxNode) =>
    new Set([
      ...added,
      ...madeIn(text(node)),
      ...below(node, 'Identifier').flatMap(one => [...(exposed.get(text(one)) ?? [])]),
    ])
  for (const selector of below(top, 'VectorSelector')) {
    const series = text(selector.getChild('Identifier')!)
    if (!exposed.has(series)) wrong.push(`nothing exposes ${series}`)
    for (const label of below(selector, 'LabelName'))
      if (!labelsOf(selector).has(text(label))) wrong.push(`${series} has no label ${text(label)}`)
  }
  for (const group of below(top, 'GroupingLabels')) {
    const grouped = group.parent!.parent!
    for (const label of below(group, 'LabelName'))
      if (!labelsOf(grouped).has(text(label))) wrong.push(`it groups by ${text(label)}, which nothing in it has`)
  }
  for (const label of shown) if (!labelsOf(top).has(label)) wrong.push(`it shows ${label}, which nothing in it has`)
  return wrong.map(what => `${where}: ${what}`)
}

/** Series of a text of `/metrics`, each with the labels that its samples have; one without a sample has none. */
export const exposedIn = (metrics: string): Map<string, Set<string>> => {
  const exposed = new Map<string, Set<string>>()
  for (const line of metrics.split('\n')) {
    const [, series, labels] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? []
    if (line.startsWith('#') || !series) continue
    const known = exposed.get(series) ?? new Set()
    for (const [, label] of (labels ?? '').matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) known.add(label!)
    exposed.set(series, known)
  }
  return exposed
}
