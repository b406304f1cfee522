import { describe, expect, it } from 'vitest'
import { checkPipelines, chosenPipeline } from '../../src/config/chosen-pipeline.ts'
import { pipelinesOf } from '../../src/config/named-pipelines.ts'
import { describeError, SluiceError } from '../../src/domain/errors.ts'
import type { Problem } from '../../src/domain/problems.ts'
import { readDemoPipeline } from '../support/api-parts.ts'
import { demoInstallation } from '../support/demo-installation.ts'

const stages = (plan: string) => `stages:\n  - stage: production\n    target: checkout/production\n    plan: ${plan}\n`
const FILES: Readonly<Record<string, string>> = {
  'ops/shop.yaml': `pipeline: shop\n${stages('plan.yaml')}`,
  'ops/plan.yaml':
    'service: checkout\nenvironment: production\nsteps:\n  - weight: 5%\n  - bake: 10m\n  - weight: 100%\n',
  'ops/wrong-plan.yaml': `pipeline: shop\n${stages('wrong.yaml')}`,
  'ops/wrong.yaml': 'service: checkout\nenvironment: production\nsteps:\n  - wait: 5m\n  - weight: 100%\n',
  'no-plan.yaml': `pipeline: shop\n${stages('nowhere.yaml')}`,
  'broken-plan.yaml': `pipeline: shop\n${stages('broken.yaml')}`,
  'broken.yaml': 'pipeline: [\n',
  'deep.yaml': `pipeline: ${'['.repeat(100)}`,
}

const locate = (problem: Problem) => ({ ...problem, file: 'sluice.yaml', line: 7, column: 3 })

function readBeside(file: string): string {
  const text = FILES[file]
  if (text !== undefined) return text
  throw new SluiceError('config.invalid', { message: `${file} cannot be read`, fix: 'create it' })
}

const installationWith = (file: string) => ({
  ...demoInstallation(),
  pipelines: pipelinesOf({ shop: file }, readBeside, locate).pipelines,
})

describe('the pipelines of sluice.yaml', () => {
  it('are read with the plans beside them', async () => {
    expect(pipelinesOf({ shop: 'ops/shop.yaml' }, readBeside, locate).problems).toEqual([])
    const installation = installationWith('ops/shop.yaml')
    const { written } = chosenPipeline({ name: 'shop' }, installation)
    expect(written).toMatchObject({ pipeline: 'shop', stages: [{ plan: { service: 'checkout' } }] })
    await expect(checkPipelines(installation, readDemoPipeline)).resolves.toBeUndefined()
  })

  it.each([
    ['shop', 'broken.yaml', 'broken.yaml:2:1 yaml'],
    ['shop', 'deep.yaml', 'sluice.yaml:7:3 pipeline'],
    ['shop', 'nowhere.yaml', 'sluice.yaml:7:3 pipeline'],
    ['store', 'ops/shop.yaml', 'ops/shop.yaml:1:11 other-name'],
    ['shop', 'no-plan.yaml', 'no-plan.yaml:5:11 plan-file'],
    ['shop', 'broken-plan.yaml', 'broken.yaml:2:1 yaml'],
  ])('are refused at the place: %s as %s', (name, file, place) => {
    const { problems } = pipelinesOf({ [name]: file }, readBeside, locate)
    expect(problems.map(({ file: at, line, column, rule }) => `${at}:${line}:${column} ${rule}`)).toEqual([place])
  })

  it('let no API start while one cannot be valid, and say where', async () => {
    const refusal = checkPipelines(installationWith('ops/wrong-plan.yaml'), readDemoPipeline).catch(describeError)
    expect(await refusal).toMatch(
      /pipelines of sluice\.yaml have problems:\nops\/wrong\.yaml:4:5: there is no step kind/,
    )
  })

  it('get the places of their problems from the server, which alone has the files', async () => {
    const installation = installationWith('ops/wrong-plan.yaml')
    const { written, placed } = chosenPipeline({ name: 'shop' }, installation)
    const read = await readDemoPipeline(written)
    const [problem] = 'problems' in read ? placed(read.problems) : []
    expect(problem?.place).toEqual({ file: 'ops/wrong.yaml', line: 4, column: 5 })
  })

  it.each(['constructor', 'sop'])('are the only ones that can be named: %s is refused', (name) => {
    expect(() => chosenPipeline({ name }, installationWith('ops/shop.yaml'))).toThrow(
      expect.objectContaining({ code: 'request.invalid', expected: 'a pipeline from sluice.yaml: shop' }),
    )
  })
})
