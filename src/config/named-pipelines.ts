import { dirname, join } from 'node:path'
import type { ReadBeside } from '../calendars/calendar.ts'
import { SluiceError } from '../domain/errors.ts'
import { isRecord } from '../domain/json.ts'
import { planFilesIn, readPipelineYaml, unreadPlan, withPlans } from '../domain/pipeline/pipeline-plans.ts'
import { readPlanYaml } from '../domain/plan/plan-text.ts'
import type { LocatedProblem } from '../domain/problems.ts'
import type { YamlText } from '../domain/yaml/yaml-text.ts'
import { readNamedFiles } from './named-files.ts'

interface ReadPipelines {
  readonly pipelines: Readonly<Record<string, YamlText>>
  /** Each at its place: in the file of the pipeline or of a plan, or in `sluice.yaml` where the file itself cannot be read. */
  readonly problems: readonly LocatedProblem[]
}

/** Reads the pipelines that `sluice.yaml` names, with the plans beside them. */
export function pipelinesOf(
  files: Readonly<Record<string, string>>,
  readBeside: ReadBeside,
  locate: YamlText['locate'],
): ReadPipelines {
  const named = { files, key: 'pipelines', rule: 'pipeline', locate }
  const { found: pipelines, problems } = readNamedFiles<YamlText>(named, (name, file) => {
    const text = readPipelineYaml(readBeside(file), file)
    if ('problems' in text) return text
    const { yaml, problems: ofPlans } = withPlansBeside(text.yaml, dirname(file), readBeside)
    return { value: yaml, problems: [...ofPlans, ...otherName(name, yaml)] }
  })
  return { pipelines, problems }
}

function withPlansBeside(yaml: YamlText, folder: string, readBeside: ReadBeside) {
  const problems: LocatedProblem[] = []
  const plans = planFilesIn(yaml).map((beside, index) => {
    if (beside === null) return null
    try {
      const file = join(folder, beside)
      const read = readPlanYaml(readBeside(file), file)
      if ('yaml' in read) return read.yaml
      problems.push(...read.problems)
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error
      problems.push(yaml.locate(unreadPlan(index, error.message)))
    }
    return null
  })
  return { yaml: withPlans(yaml, plans), problems }
}

/** One name is enough: runs are called as the file says, and people start by what `sluice.yaml` says. */
function otherName(name: string, { value, locate }: YamlText): readonly LocatedProblem[] {
  const own = isRecord(value) ? value['pipeline'] : undefined
  if (typeof own !== 'string' || own === name) return []
  const problem = {
    rule: 'other-name',
    path: ['pipeline'],
    message: `sluice.yaml names this pipeline ${name}`,
    received: own,
    expected: name,
    fix: 'write the same name in both files',
  }
  return [locate(problem)]
}
