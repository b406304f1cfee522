import type { ReadBeside } from '../calendars/calendar.ts'
import { planHead } from '../domain/plan/plan.ts'
import type { LocatedProblem } from '../domain/problems.ts'
import { type PlanTemplate, readTemplate } from '../domain/template/template.ts'
import { PLAN_LIMITS, type TextLimits } from '../domain/yaml/yaml-scan.ts'
import { readYaml, type YamlText } from '../domain/yaml/yaml-text.ts'
import { readNamedFiles } from './named-files.ts'

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
  const named = { files, key: 'templates', rule: 'template', locate }
  const { found: templates, problems } = readNamedFiles<PlanTemplate>(named, (name, file) => {
    const text = readYaml(readBeside(file), file, TEMPLATE_LIMITS)
    const read = 'yaml' in text ? readTemplate(name, text.yaml, Object.keys(planHead.shape)) : text
    return 'template' in read ? { value: read.template, problems: [] } : read
  })
  return { templates, problems }
}
