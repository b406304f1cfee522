/** What Helm's templates hold and Argo's arguments (`{{args.service}}`) do not. */
const HELM =
  /\{\{-?\s*(?:[.$"'`]|\/\*|-|(?:if|else|end|with|range|block|define|include|template|tpl|toYaml|fromYaml|default|printf|quote|required|lookup|nindent|indent|not|and|or|eq|ne)\b)/

/** Where a text is a Helm template, as an offset; null when it is none. */
export function helmMarkIn(text: string): number | null {
  const index = text.search(HELM)
  return index === -1 ? null : index
}
