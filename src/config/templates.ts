import type { ReadBeside } from '../calendars/calendar.ts'
import { SluiceError } from '../domain/errors.ts'
import { planHead } from '../domain/plan/plan.ts'
import type { LocatedProblem } from '../domain/problems.ts'
import { type PlanTemplate, readTemplate } from '../domain/template/template.ts'
import { PLAN_LIMITS, type TextLimits } from '../domain/yaml/yaml-scan.ts'
import { readYaml, type YamlText } from '../domain/yaml/yaml-text.ts'
import { wordsOf } from './words.ts'

const TEMPLATE_LIMITS: TextLimits = {
  ...PLAN_LIMITS,
  noun: 'a template',
  errors: { tooLarge: 'config.invalid', tooDeep: 'config.invalid' },
}

interface ReadTemplates {
  readonly templates: Readonly<Record<string, PlanTemplate>>
  /** Each at its place: in the template's file, or in `sluice.yaml` where the file itself cannot be read. */
  readonly problems: readonly LocatedProblem[]
}

/** Reads the templates that `sluice.yaml` names. */
export function templatesOf(
  files: Readonly<Record<string, string>>,
  readBeside: ReadBeside,
  locate: YamlText['locate'],
): ReadTemplates {
  const templates: Record<string, PlanTemplate> = {}
  const problems: LocatedProblem[] = []
  for (const [name, file] of Object.entries(files)) {
    try {
      const text = readYaml(readBeside(file), file, TEMPLATE_LIMITS)
      const read = 'yaml' in text ? readTemplate(name, text.yaml, Object.keys(planHead.shape)) : text
      if ('template' in read) templates[name] = read.template
      else problems.push(...read.problems)
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error
      problems.push(locate({ ...wordsOf(error), rule: 'template', path: ['templates', name] }))
    }
  }
  return { templates, problems }
}
