import { beforeEach, describe, expect, it } from 'vitest'
import { pipelineName } from '../../src/domain/pipeline/pipeline.ts'
import type { NewPipelineEvent } from '../../src/domain/pipeline/pipeline-events.ts'
import { regions, stageOf } from '../domain/pipeline/pipelines.ts'
import { click, type SlackWorld, sayToSlack, setUpSlack, signed, slash } from '../support/slack-world.ts'

const ID = 'pipeline/checkout-regions/00000001'
const NAME = 'checkout-regions/00000001'
const DEADLINE = 1_800_000_000_000
const request = { by: 'checkout-owners', people: ['alice', 'bob'], need: 1, notAuthor: true, deadline: DEADLINE }

let world: SlackWorld
beforeEach(async () => {
  world = await setUpSlack()
  const author = { person: 'carol', entrance: 'http' } as const
  const versions = { checkout: '2.4.0' }
  await world.pipelines.start({ pipeline: regions('stop'), versions, author, reason: '', key: 'k' })
})

const say = (text: string, user?: string) => sayToSlack(world, text, user)
const ask = (stage: string) => world.pipelines.record(ID, { type: 'approval-asked', stage, request })
const stages = async () => (await world.pipelines.show(ID)).stages.map(({ phase }) => phase)

async function clickOn(verb: string, value: object, who: Parameters<typeof click>[2] = {}, answers = 1) {
  const before = world.sent.length
  await world.server.inject(signed(click(verb, value, who)))
  return (await world.answered(before + answers)).slice(before)
}

/** The buttons of a message: what they say, and what they carry. */
function buttonsIn(message: Record<string, unknown> | undefined) {
  const blocks = message?.['blocks'] as { type: string; elements: { text: { text: string }; value: string }[] }[]
  return blocks
    .flatMap((block) => (block.type === 'actions' ? block.elements : []))
    .map(({ text, value }) => ({ label: text.text, value: JSON.parse(value) as Record<string, unknown> }))
}

const valueOf = (message: Record<string, unknown> | undefined, label: string) =>
  buttonsIn(message).find((one) => one.label === label)?.value ?? {}

describe('/release start-pipeline', () => {
  const open = async () => (await world.pipelines.list({ name: 'shop' }, { size: 9, next: null })).pipelines

  it('starts a pipeline of sluice.yaml as the person behind the Slack user, who need not be in the channel', async () => {
    const reply = await say('start-pipeline shop 2.4.0 the new basket', 'UCAROL')
    expect(reply).toMatchObject({ response_type: 'ephemeral' })
    const [row] = await open()
    expect(reply?.['text']).toBe(`\`${pipelineName(row?.pipelineId ?? '')}\` started: 2.4.0`)
    expect((await world.pipelines.show(row?.pipelineId ?? '')).author).toBe('carol')
  })

  it('takes a version for each service of a train', async () => {
    await say('start-pipeline shop checkout=2.4.0 with a reason = none')
    expect(await open()).toMatchObject([{ versions: '2.4.0' }])
    expect((await say('start-pipeline shop checkout=2.5.0 search=1.0.0'))?.['text']).toContain(
      'no stage is for the service search',
    )
  })

  it('gives one pipeline to two deliveries of one command', async () => {
    for (const age of [2, 0]) {
      const before = world.sent.length
      await world.server.inject(signed(slash('start-pipeline shop 2.4.0', { trigger: 'one' }), { age }))
      expect((await world.answered(before + 1))[before]?.['text']).toContain('started: 2.4.0')
    }
    expect(await open()).toHaveLength(1)
  })

  it('says why nothing of it can start, at the place in the file of the installation', async () => {
    await say('start-pipeline shop 2.4.0')
    const text = String((await say('start-pipeline shop 2.5.0'))?.['text'])
    expect(text).toContain('the pipeline shop has 1 problem:')
    expect(text).toMatch(/• `shop\.yaml.3:26` another pipeline has this target: shop\/[0-9a-f]{8}/)
    expect(await open()).toHaveLength(1)
  })

  it.each([
    ['start-pipeline', 'start-pipeline needs the name of a pipeline and a version'],
    ['start-pipeline shop', 'such as: /release start-pipeline checkout-regions 2.4.1'],
    ['start-pipeline shop checkout=2.4.0 checkout=2.5.0', 'checkout has two versions: name each service once'],
    ['start-pipeline Shop 2.4.0', 'Shop is not a name'],
    ['start-pipeline shop =2.4.0', 'is not a name'],
    ['start-pipeline shop checkout=', ' is not a version'],
    ['start-pipeline shop checkout=a=b', 'a=b is not a version'],
    ['start-pipeline regions 2.4.0', 'there is no pipeline regions in sluice.yaml'],
    [`start-pipeline shop 2.4.0 ${'x'.repeat(501)}`, 'a reason has at most 500 characters'],
  ])('says what is wrong with %s', async (text, sentence) => {
    expect((await say(text))?.['text']).toContain(sentence)
    expect(await open()).toEqual([])
  })

  it('is for people of sluice.yaml only', async () => {
    expect((await say('start-pipeline shop 2.4.0', 'UEVE'))?.['text']).toContain('you can look, but not act')
    expect(await open()).toEqual([])
  })
})

describe('/release with a pipeline', () => {
  it('lists those that are open before those that have ended, and those of one name', async () => {
    const author = { person: 'carol', entrance: 'http' } as const
    const other = { ...regions('stop'), name: 'train', stages: [stageOf('search/eu')] }
    await world.pipelines.start({ pipeline: other, versions: { search: '3.0.0' }, author, reason: '', key: 'k2' })
    world.pipelines.record('pipeline/train/00000002', { type: 'given-up', cause: 'abort', actor: author, reason: '' })
    world.pipelines.record('pipeline/train/00000002', { type: 'ended' })
    const text = String((await say('pipelines'))?.['text'])
    expect(text.split('\n').map((line) => line.replace(/<!date[^>]*>/, 'TIME'))).toEqual([
      '🟡 *waiting* `checkout-regions/00000001` 2.4.0, since TIME',
      '🔴 *rolled-back* `train/00000002` 3.0.0, ended TIME',
    ])
    expect((await say('pipelines train'))?.['text']).not.toContain('checkout-regions')
    expect((await say('pipelines nothing', 'UEVE'))?.['text']).toBe('no pipelines')
  })

  it('shows to everybody what each stage does, what waits for whom until when, and what a failure did', async () => {
    const record = (event: NewPipelineEvent) => world.pipelines.record(ID, event)
    record({ type: 'release-started', stage: 'small', releaseId: 'release/checkout/small/2' })
    record({ type: 'stage-failed', stage: 'small', reason: 'rolled back, errors 17%' })
    ask('eu')
    const reply = await say(`pipeline ${NAME}`, 'UEVE')
    expect(reply).toMatchObject({ response_type: 'ephemeral' })
    const text = JSON.stringify(reply)
    for (const part of [
      'checkout-regions 2.4.0',
      '🟡 *paused*, 0 of 4 stages done',
      '*Why:* small: rolled back, errors 17%',
      '✗ *small* checkout/small failed\\n',
      '⏸ *eu* checkout/eu asking',
      '· us checkout/us waiting: after small',
      '*Approval of eu:* 0 of 1 from checkout-owners, until <!date^1800000000^',
      'small: failed, rolled back, errors 17%; paused',
    ])
      expect(text).toContain(part)
    expect(reply?.['text']).toBe('checkout-regions 2.4.0: paused: small: rolled back, errors 17%; eu to be approved')
    expect(buttonsIn(reply).map(({ label }) => label)).toEqual(['Approve', 'Reject', 'Pause', 'Resume', 'Abort'])
    expect(await say(`status ${NAME}`, 'UEVE')).toEqual(reply)
  })

  it('approves the stage that asks, or the one that is named, with the reason', async () => {
    ask('eu')
    ask('us')
    expect((await say(`approve ${NAME} fine`))?.['text']).toContain('several stages wait for an approval: eu, us')
    await say(`approve ${NAME}/us looks fine`)
    expect(JSON.stringify(await say(`reject pipeline/${NAME} not now`))).toContain(
      '*Why:* eu: rejected by alice: not now',
    )
    const { trail } = await world.pipelines.show(ID)
    expect(trail.map(({ text }) => text)).toContain('us: approved by alice: looks fine')
  })

  it('pauses, resumes and aborts the whole of it', async () => {
    expect((await say(`pause ${NAME} orders are late`))?.['text']).toBe(
      'checkout-regions 2.4.0: paused by alice: orders are late',
    )
    expect((await say(`pause ${NAME}`))?.['text']).toContain('the pipeline is paused by alice: orders are late')
    expect(JSON.stringify(await say(`resume ${NAME}`))).toContain('*waiting*')
    expect(JSON.stringify(await say(`abort ${NAME} it burns`, 'UBOB'))).toContain('abort by bob: it burns')
    world.pipelines.record(ID, { type: 'ended' })
    expect((await say(`abort ${NAME}`))?.['text']).toContain('the pipeline has ended: rolled-back')
  })

  it.each([
    ['pipeline', 'a pipeline is missing; name it like checkout-regions/3fa9c2d1'],
    ['pipeline checkout/production/7', 'checkout/production/7 is not a pipeline'],
    [`pipeline ${NAME} now`, 'pipeline takes only a pipeline'],
    ['pipeline checkout-regions/0000000f', 'there is no pipeline checkout-regions/0000000f'],
    ['pipelines one two', 'pipelines takes only a name'],
    ['pipelines Shop', 'Shop is not a name'],
    [`abort ${NAME}/eu`, `abort means the whole pipeline: /release abort ${NAME}`],
    ['abort checkout-regions', 'name it like checkout/production/7, or a pipeline like checkout-regions/3fa9c2d1'],
    [`approve ${NAME}/nowhere`, 'no stage waits for an approval'],
    [`abort ${'x'.repeat(1_000)}`, 'is not a release'],
    [`abort ${NAME} ${'x'.repeat(501)}`, 'a reason has at most 500 characters'],
    [`try ${NAME}`, 'is not a release; name it like checkout/production/7'],
  ])('says what is wrong with %s', async (text, sentence) => {
    expect((await say(text))?.['text']).toContain(sentence)
  })
})

describe('a button of a pipeline', () => {
  it('is for the stage that it was drawn for: a late or second click does nothing, says so, and redraws', async () => {
    ask('eu')
    ask('us')
    const value = valueOf(await say(`pipeline ${NAME}`), 'Approve')
    expect(value).toEqual({ pipeline: ID, stage: 'eu' })
    const [redrawn] = await clickOn('approve', value)
    expect(redrawn).toMatchObject({ replace_original: true })
    expect(JSON.stringify(redrawn)).toContain('eu: approved by alice')
    const [sentence, again] = await clickOn('approve', value, {}, 2)
    expect(sentence).toMatchObject({ response_type: 'ephemeral', replace_original: false })
    expect(sentence?.['text']).toBe('the stage eu does not wait for an approval\none of these does: us')
    expect(again).toMatchObject({ replace_original: true })
    expect(await stages()).toEqual(['waiting', 'waiting', 'waiting', 'asking'])
  })

  it('resumes only from the pause that its reader saw', async () => {
    await say(`pause ${NAME} orders are late`)
    const value = valueOf(await say(`pipeline ${NAME}`), 'Resume')
    await say(`resume ${NAME}`)
    world.pipelines.record(ID, { type: 'stage-failed', stage: 'canary', reason: 'errors 17%' })
    const [sentence, redrawn] = await clickOn('resume', value, {}, 2)
    expect(sentence?.['text']).toContain('the pipeline is paused for another reason by now')
    expect(JSON.stringify(redrawn)).toContain('*Why:* canary: errors 17%')
    expect((await world.pipelines.show(ID)).phase).toBe('paused')
    const again = valueOf(redrawn, 'Resume')
    for (const age of [2, 0]) {
      const before = world.sent.length
      await world.server.inject(signed(click('resume', again, { trigger: 'one' }), { age }))
      expect((await world.answered(before + 1))[before]).toMatchObject({ replace_original: true })
    }
    expect((await world.pipelines.show(ID)).phase).toBe('waiting')
  })

  it('has one effect for two deliveries of one click', async () => {
    const value = { pipeline: ID, stage: null }
    const body = click('pause', value, { trigger: 'one' })
    await world.server.inject(signed(body, { age: 2 }))
    await world.answered(1)
    world.pipelines.record(ID, { type: 'resumed', actor: { person: 'bob', entrance: 'cli' }, key: 'r', reason: '' })
    await world.server.inject(signed(body))
    await world.answered(2)
    expect((await world.pipelines.show(ID)).phase).toBe('waiting')
  })

  it('is for those who may: strangers, others than those who are asked and the author read why not', async () => {
    ask('eu')
    const value = { pipeline: ID, stage: 'eu' }
    expect((await clickOn('abort', { pipeline: ID, stage: null }, { user: 'UEVE' }))[0]?.['text']).toContain(
      'you can look, but not act',
    )
    expect((await clickOn('approve', value, { user: 'UALICE', team: 'T0OTHER' }))[0]?.['text']).toContain(
      'you can look, but not act',
    )
    expect((await clickOn('approve', value, { user: 'UCAROL' }))[0]?.['text']).toContain('checkout-owners')
    expect((await say(`abort ${NAME}`, 'UEVE'))?.['text']).toContain('you can look, but not act')
    expect(await stages()).toEqual(['waiting', 'waiting', 'asking', 'waiting'])
  })

  it('aborts whatever has happened since it was drawn, and says how an ended one stands', async () => {
    await say(`pause ${NAME}`)
    const [redrawn] = await clickOn('abort', { pipeline: ID, stage: null })
    expect(JSON.stringify(redrawn)).toContain('*rolling-back*')
    world.pipelines.record(ID, { type: 'ended' })
    const [sentence, ended] = await clickOn('abort', { pipeline: ID, stage: null }, {}, 2)
    expect(sentence?.['text']).toContain('the pipeline has ended')
    expect(JSON.stringify(ended)).toContain('*rolled-back*')
    expect(buttonsIn(ended)).toEqual([])
  })

  it.each([
    { pipeline: '../x', stage: null },
    { pipeline: ID },
    { pipeline: ID, stage: 7 },
    { pipeline: ID, stage: null, release: 'release/checkout/production/1', step: 1 },
  ])('is refused with the value %j, which Sluice has not made', async (value) => {
    expect((await clickOn('abort', value))[0]?.['text']).toContain('this button does not belong to Sluice')
  })
})

describe('/release ready', () => {
  it('says first that it takes a while, then what is open with what to do, then the rest', async () => {
    world.releases.answerReady([
      { item: 'routing', outcome: 'pass', text: 'a request with a ticket reached v2' },
      { item: 'traffic', outcome: 'unknown', text: 'no figures', fix: 'wait for some' },
      { item: 'rehearsal', outcome: 'fail', text: 'the plan was never rehearsed', fix: 'rehearse it' },
    ])
    await say('ready checkout production v2')
    const [hint, answer] = await world.answered(2)
    expect(hint?.['text']).toContain('nobody is moved')
    expect(answer).toMatchObject({
      response_type: 'ephemeral',
      text: [
        '🔴 *checkout v2 in production is not ready: 2 of 3 questions are open*',
        '? *traffic* no figures',
        '      fix: wait for some',
        '✗ *rehearsal* the plan was never rehearsed',
        '      fix: rehearse it',
        '✓ routing a request with a ticket reached v2',
      ].join('\n'),
    })
  })

  it.each([
    ['ready checkout', 'ready needs a service, an environment and perhaps a version'],
    ['ready checkout production v2 now', 'ready needs a service, an environment and perhaps a version'],
    ['ready checkout production <!channel>', 'is not a version'],
    ['ready checkout staging', 'there is no target checkout/staging'],
  ])('says what is wrong with %s', async (text, sentence) => {
    expect((await say(text))?.['text']).toContain(sentence)
  })

  it('asks nothing for a stranger', async () => {
    expect((await say('ready checkout production', 'UEVE'))?.['text']).toContain('you can look, but not act')
  })
})
