/** What of a stage its place in the pipeline follows from. */
interface OrderedStage {
  readonly name: string
  readonly after: readonly string[]
}

/** The stages that begin right after this one. */
export function followersOf<Stage extends OrderedStage>(stages: readonly Stage[], name: string): readonly Stage[] {
  return stages.filter(({ after }) => after.includes(name))
}

/** All stages that this one waits for, directly or not. Ends for circles as well, and then holds the stage itself. */
function ancestorsOf(stages: readonly OrderedStage[], name: string): ReadonlySet<string> {
  const found = new Set<string>()
  const todo = [name]
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    for (const before of stages.find((stage) => stage.name === next)?.after ?? []) {
      if (found.has(before)) continue
      found.add(before)
      todo.push(before)
    }
  }
  return found
}

/** All stages that wait for this one, directly or not. */
export function laterThan<Stage extends OrderedStage>(stages: readonly Stage[], name: string): ReadonlySet<Stage> {
  const found = new Set(followersOf(stages, name))
  for (const later of found) for (const next of followersOf(stages, later.name)) found.add(next)
  return found
}

/** True for a stage that may have the version when another one fails, so that it may be asked to go back. */
export function mayHaveToReturn(stages: readonly OrderedStage[], name: string): boolean {
  const before = ancestorsOf(stages, name)
  return stages.some((other) => other.name !== name && !before.has(other.name))
}

/** A shortest circle of stages that wait for each other, in order and closed: `eu`, `us`, `eu`; null for none. */
export function circleIn(stages: readonly OrderedStage[]): readonly string[] | null {
  const start = stages.find(({ name }) => ancestorsOf(stages, name).has(name))?.name
  if (start === undefined) return null
  const seen = new Set<string>()
  const paths: (readonly string[])[] = [[start]]
  for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
    for (const next of stages.find(({ name }) => name === path?.at(-1))?.after ?? []) {
      if (next === start) return [...path, next]
      if (seen.size < seen.add(next).size) paths.push([...path, next])
    }
  }
  return null
}

/** Stages that may run at the same time, wave by wave, for people: each after the last of those it waits for. */
export function wavesOf<Stage extends OrderedStage>(stages: readonly Stage[]): readonly (readonly Stage[])[] {
  const waveOf = new Map<string, number>()
  const depth = (name: string): number => {
    const known = waveOf.get(name)
    if (known !== undefined) return known
    const after = stages.find((stage) => stage.name === name)?.after ?? []
    const own = after.reduce((most, before) => Math.max(most, depth(before) + 1), 0)
    waveOf.set(name, own)
    return own
  }
  const waves: Stage[][] = []
  for (const stage of stages) (waves[depth(stage.name)] ??= []).push(stage)
  return waves
}
