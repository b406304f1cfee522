import { describe, expect, it } from 'vitest'
import { checkedPipeline } from '../../../src/domain/pipeline/checked-pipeline.ts'
import { readPipeline } from '../../../src/domain/pipeline/read-pipeline.ts'
import { readPlan } from '../../../src/domain/plan/plan.ts'
import { formatPath } from '../../../src/domain/problems.ts'
import { CONTEXT, planText } from './pipelines.ts'

const stage = (target: string, more: object = {}) => ({
  stage: target.split('/')[1],
  target,
  plan: planText(target),
  ...more,
})

const read = (value: unknown, registered: unknown = null) =>
  readPipeline(value, {
    ...CONTEXT,
    readPlan: async (written) => readPlan(written, CONTEXT),
    registeredPlan: async () => registered,
  })

async function problemsOf(value: unknown) {
  const found = await read(value)
  if ('pipeline' in found) throw new Error('expected problems')
  return found.problems.map(({ rule, path, message }) => `${rule} at ${formatPath(path)}: ${message}`)
}

const three = (more: object = {}) => ({
  pipeline: 'checkout-regions',
  stages: [
    stage('checkout/canary', { soak: '30m' }),
    stage('checkout/eu', { approve: { by: 'checkout-owners', within: '4h' } }),
    stage('checkout/us', { after: 'canary' }),
  ],
  ...more,
})

describe('a pipeline', () => {
  it('is read with the plans of its stages; a stage waits for the one above unless it says for which', async () => {
    const found = await read(three())
    if ('problems' in found) throw new Error(JSON.stringify(found.problems))
    const { pipeline, written } = found
    expect(pipeline.onFail).toBe('stop')
    expect(pipeline.stages.map(({ name, after }) => [name, after])).toEqual([
      ['canary', []],
      ['eu', ['canary']],
      ['us', ['canary']],
    ])
    expect(pipeline.stages[1]?.approve).toEqual({
      ...{ by: 'checkout-owners', people: ['alice', 'bob'], need: 1, notAuthor: true, within: 14_400_000 },
    })
    expect(written['us']).toEqual(planText('checkout/us'))
    expect(checkedPipeline(pipeline).stages[0]).toMatchObject({
      target: 'checkout/canary',
      soak: 1_800_000,
      planned: 600_000,
    })
  })

  it('has the gates of a plan before a stage: a window, a call, the checklist', async () => {
    const gates = [
      ...[
        'office-hours',
        { window: 'office-hours' },
        'readiness',
        { readiness: { without: ['routing'] }, within: '1h' },
      ],
      ...[{ call: 'change-board', within: '4h', onFail: 'pause' }],
    ]
    const words = gates.map(async (gate) => {
      const found = await read({ pipeline: 'one', stages: [stage('checkout/eu', { gate })] })
      return 'pipeline' in found ? checkedPipeline(found.pipeline).stages[0]?.gate : JSON.stringify(found.problems)
    })
    expect(await Promise.all(words)).toEqual([
      ...['in office-hours', 'in office-hours', 'once it is ready, within 1d'],
      ...['once it is ready without routing, within 1h', 'once change-board says yes, within 4h'],
    ])
  })

  it('is refused for a gate that is none, or that asks a call that nobody has defined or that answers later', async () => {
    const gate = async (value: unknown) =>
      problemsOf({ pipeline: 'one', stages: [stage('checkout/eu', { gate: value })] })
    expect(await gate('Mon-Fry 09:00-16:00')).toEqual(['value at stages[0].gate: this value is not accepted'])
    expect(await gate({ call: 'nobody' })).toEqual([
      'unknown-call at stages[0].gate.call: there is no such call for this target',
    ])
    expect(await gate({ call: 'late' })).toEqual([
      expect.stringContaining('call-answers-later at stages[0].gate.call: a gate cannot wait for this call'),
    ])
    expect(await gate({ window: 'office-hours', within: '1h' })).toEqual([
      'value at stages[0].gate.within: this value is not accepted',
    ])
    expect(await gate({ call: 'change-board', until: '1h' })).toEqual([
      'unknown-key at stages[0].gate.until: unknown key stages[0].gate.until',
    ])
  })

  it('takes the plan that a target has registered where a stage has none', async () => {
    const one = { pipeline: 'one', stages: [{ stage: 'eu', target: 'checkout/eu' }] }
    expect(await read(one, planText('checkout/eu'))).toMatchObject({ pipeline: { stages: [{ name: 'eu' }] } })
    expect(await problemsOf(one)).toEqual(['no-plan at stages[0].target: checkout/eu has no plan of its own'])
  })

  it('says all that is wrong at once, each at its place', async () => {
    const found = await problemsOf({
      pipeline: 'Checkout',
      onFail: 'rollback',
      stages: [
        stage('checkout/canary', { after: ['us'], soak: '30' }),
        stage('checkout/mars'),
        stage('checkout/eu', { plan: planText('checkout/us'), approve: { by: 'nobody' } }),
        stage('checkout/eu', { stage: 'again', after: ['erope'] }),
        stage('checkout/us', { stage: 'again', plan: planText('checkout/us', { steps: [{ wieght: '5%' }] }) }),
        stage('search/eu', { plan: 'search.yaml', stage: 'search' }),
      ],
    })
    expect(found).toEqual([
      'value at pipeline: this value is not accepted',
      'value at stages[0].soak: this value is not accepted',
      'value at onFail: this value is not accepted',
      'unknown-stage at stages[0].after: there is no stage us',
      'unknown-stage at stages[3].after: there is no stage erope',
      'stage-twice at stages[4].stage: the stage again appears twice',
      'unknown-target at stages[1].target: there is no target checkout/mars',
      'target-twice at stages[3].target: the stages eu and again are for the same target',
      'unknown-group at stages[2].approve.by: nobody could approve: there is no such group',
      'plan-path at stages[5].plan: only the command line can read the file of a plan',
      'other-target at stages[2].plan: this plan is for checkout/us, and the stage eu is for checkout/eu',
      'unknown-step at stages[4].plan.steps[0].wieght: there is no step kind wieght',
      'never-full at stages[4].plan.steps: the steps never reach 100%, so the release could not end with everybody on the new version',
    ])
  })

  it('takes no stage for a second one because one before it has no name', async () => {
    const nameless = { ...stage('checkout/canary'), stage: undefined }
    const found = await problemsOf({ pipeline: 'two', stages: [nameless, stage('checkout/eu'), stage('checkout/us')] })
    expect(found.filter((problem) => problem.startsWith('stage-twice'))).toEqual([])
    expect(found).toHaveLength(1)
  })

  it('knows a stage by its name that cannot be read itself', async () => {
    const stages = [stage('checkout/canary', { soak: '30' }), stage('checkout/eu', { after: 'canary' })]
    expect(await problemsOf({ pipeline: 'two', stages })).toEqual([
      'value at stages[0].soak: this value is not accepted',
    ])
  })

  it('is refused at its stages when there are none, a thousand, or something else, and when it is nested without end', async () => {
    const thousand = Array.from({ length: 1_000 }, (_, index) => ({ stage: `s${index}`, target: 'checkout/eu' }))
    for (const stages of [[], thousand, 'canary', null])
      expect(await problemsOf({ pipeline: 'odd', stages })).toEqual(['value at stages: this value is not accepted'])
    const deep = Array.from({ length: 400 }).reduce<unknown>((inner) => [inner], 'eu')
    const nested = await problemsOf({ pipeline: 'deep', stages: [stage('checkout/eu', { after: deep })] })
    expect(nested).toEqual([expect.stringMatching(/^\S+ at stages\[0\]\.after.*nested/)])
  })

  it('is refused where stages wait for each other, with the circle', async () => {
    const stages = [stage('checkout/canary', { after: 'us' }), stage('checkout/eu'), stage('checkout/us')]
    const found = await read({ pipeline: 'round', stages })
    expect(found).toMatchObject({
      problems: [{ rule: 'circle', path: ['stages', 0, 'after'], received: 'canary after us after eu after canary' }],
    })
  })

  it('with rollback-all keeps the pool of the version before for as long as a later stage may fail', async () => {
    const short = (keep: object) => ({
      ...three({ onFail: 'rollback-all' }),
      stages: [
        stage('checkout/canary', { soak: '30m', plan: planText('checkout/canary', keep) }),
        stage('checkout/eu', { plan: planText('checkout/eu', { after: undefined }) }),
      ],
    })
    expect(await problemsOf(short({ after: undefined }))).toEqual([
      'one-way at stages[0]: when a later stage fails, canary could not go back: no pool of the version before is kept',
    ])
    expect(await problemsOf(short({ after: { keep: '35m' } }))).toEqual([
      'kept-too-short at stages[0]: the way back of canary would be over before the pipeline is',
    ])
    expect(await read(short({ after: { keep: '1h' } }))).toHaveProperty('pipeline')
  })

  it('is no pipeline when it is empty, a list or a text', async () => {
    for (const value of [null, [], 'checkout', {}, { pipeline: 'x', stages: [] }])
      expect((await problemsOf(value)).length).toBeGreaterThan(0)
  })
})
