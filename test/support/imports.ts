import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Import {
  /** The importing file, relative to the repository: `src/domain/plan.ts`. */
  readonly from: string
  /** The imported file in the same form, or the name of a package: `zod`, `node:fs`, `@temporalio/client`. */
  readonly to: string
  /** True for `import type` and `export type`, which leave no trace in the code that runs. */
  readonly isType: boolean
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const NAMES = String.raw`(?:\{[^}]*\}|\*(?:\s+as\s+\w+)?|\w+(?:\s*,\s*(?:\{[^}]*\}|\*\s+as\s+\w+))?)`
const STATIC = new RegExp(String.raw`^(?:import|export)\s+(type\s+(?!from\b))?${NAMES}\s*from\s*(['"])([^'"]+)\2`, 'gm')
const BARE = /^import\s+(['"])([^'"]+)\1/gm
const DYNAMIC = /(typeof\s+)?\bimport\(\s*(['"`])([^'"`]+)\2\s*\)/g

const EXPORT = /^export (?:async )?(?:function\*?|const|let|class|type|interface) (\w+)/gm
const NAMED = /^(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s*'([^']+)'/gm
const WHOLE = /^(import|export)\s+(\*)(?:\s+as\s+\w+)?\s*from\s*'([^']+)'/gm
const BUILT = /'([\w/-]+)\.js'/g

/** The imports a TypeScript text holds, in no particular order; `from` is where it would stand. */
export function importsIn(text: string, from: string): readonly Import[] {
  const code = withoutComments(text)
  const found = [
    ...[...code.matchAll(STATIC)].map(([, type, , to = '']) => ({ to, isType: type !== undefined })),
    ...[...code.matchAll(BARE)].map(([, , to = '']) => ({ to, isType: false })),
    ...[...code.matchAll(DYNAMIC)].map(([, type, , to = '']) => ({ to, isType: type !== undefined })),
  ]
  return found.map(({ to, isType }) => ({ from, to: resolved(to, from), isType }))
}

/** Every file of TypeScript or JavaScript under a folder with its text, by its path in the repository. */
export function sourceFiles(folder = 'src'): ReadonlyMap<string, string> {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(?:tsx?|mjs)$/.test(file),
  )
  return new Map(files.map((file) => [normalize(join(folder, file)), readFileSync(join(ROOT, folder, file), 'utf8')]))
}

/** What a file exports under a name of its own. */
export function exportsIn(text: string): readonly string[] {
  return [...withoutComments(text).matchAll(EXPORT)].map(([, name = '']) => name)
}

/**
 * What a file takes from others, as `file name`. From a file that it imports as a whole it takes every name that it says,
 * and so does a script from the built form of a file.
 */
export function namesTakenIn(
  text: string,
  from: string,
  exportsOf: (file: string) => readonly string[],
): readonly string[] {
  const code = withoutComments(text)
  const named = [...code.matchAll(NAMED)].flatMap(([, names = '', to = '']) =>
    [...names.matchAll(/(?:^|,)\s*(?:type\s+)?(\w+)/g)].map(([, name]) => `${resolved(to, from)} ${name}`),
  )
  const built = [...code.matchAll(BUILT)].map(([, path]) => `src/${path}.ts`)
  const whole = [...code.matchAll(WHOLE), ...code.matchAll(DYNAMIC)].map(([, , , to = '']) => to)
  const files = [...built, ...whole.map((to) => resolved(to, from))]
  const said = files.flatMap((file) =>
    exportsOf(file).flatMap((name) => (new RegExp(String.raw`\b${name}\b`).test(code) ? [`${file} ${name}`] : [])),
  )
  return [...named, ...said]
}

/** The files reached from these by imports that run, with the path by which each was reached first. */
export function reachedFrom(
  starts: readonly string[],
  imports: readonly Import[],
): ReadonlyMap<string, readonly string[]> {
  const targets = valueTargets(imports)
  const paths = new Map<string, readonly string[]>(starts.map((start) => [start, [start]]))
  for (const [file, path] of paths) {
    for (const next of targets.get(file) ?? []) if (!paths.has(next)) paths.set(next, [...path, next])
  }
  return paths
}

/** The first cycle of imports that run, as the files on it, or null. */
export function findCycle(imports: readonly Import[]): readonly string[] | null {
  const targets = valueTargets(imports)
  const done = new Set<string>()
  function visit(file: string, path: readonly string[]): readonly string[] | null {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return null
    for (const next of targets.get(file) ?? []) {
      const cycle = visit(next, [...path, file])
      if (cycle !== null) return cycle
    }
    done.add(file)
    return null
  }
  for (const file of targets.keys()) {
    const cycle = visit(file, [])
    if (cycle !== null) return cycle
  }
  return null
}

function valueTargets(imports: readonly Import[]): ReadonlyMap<string, readonly string[]> {
  const targets = new Map<string, string[]>()
  for (const { from, to, isType } of imports) {
    if (!isType) targets.set(from, [...(targets.get(from) ?? []), to])
  }
  return targets
}

function resolved(to: string, from: string): string {
  if (to.startsWith('.')) return relative('.', join(dirname(from), to))
  return to.startsWith('node:')
    ? to
    : to
        .split('/')
        .slice(0, to.startsWith('@') ? 2 : 1)
        .join('/')
}

/** The text with spaces for comments. Strings stay and are recognised, so that `'//'` in one hides nothing. */
export function withoutComments(text: string): string {
  const parts = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[^])*`|\/\*[^]*?\*\/|\/\/[^\n]*/g
  return text.replaceAll(parts, (part) => (part.startsWith('/') ? part.replaceAll(/[^\n]/g, ' ') : part))
}
