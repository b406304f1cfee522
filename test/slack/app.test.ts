import { describe, expect, it } from 'vitest'
import { demoInstallation, validPlan } from '../support/demo-installation.ts'
import { click, type SlackWorld, sayToSlack, setUpSlack, signed, slash } from '../support/slack-world.ts'
import { promoteTwo } from '../support/two-promotions.ts'

const ID = 'release/checkout/production/1'

async function startByHand({ releases }: SlackWorld, steps = 0): Promise<void> {
  const author = { person: 'carol', entrance: 'demo' } as const
  await releases.start({ plan: validPlan(), version: 'v2', author, reason: '', key: 'k', whenBusy: 'reject' })
  releases.advance(ID, steps)
}

/** Up to the approval, which is the plan's fourth step. */
const UNTIL_APPROVAL = 5

describe('requests', () => {
  it('refuses a wrong signature, and times too old or too far ahead, before anything happens', async () => {
    const world = await setUpSlack()
    const start = slash('start checkout production v2')
    for (const request of [
      signed(start, { secret: 'guess' }),
      signed(start, { age: 301 }),
      signed(start, { age: -330 }),
      { ...signed(start), headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      { ...signed(start), payload: start.replace('v2', 'v3') },
    ]) {
      expect((await world.server.inject(request)).statusCode).toBe(401)
    }
    expect(world.sent).toEqual([])
    expect((await world.releases.list({}, { size: 5, next: null })).releases).toEqual([])
    const figures = await world.metrics.registry.metrics()
    expect(figures).toContain('sluice_slack_requests_total{answer="bad-time"} 2')
    expect(figures).toContain('sluice_slack_requests_total{answer="bad-signature"} 3')
  })

  it('lets the same bytes have an effect only once', async () => {
    const world = await setUpSlack()
    const request = signed(slash('help'))
    for (let time = 0; time < 5; time += 1) expect((await world.server.inject(request)).statusCode).toBe(200)
    await world.answered(1)
    expect(world.sent).toHaveLength(1)
  })

  it('refuses a body above 64 kB', async () => {
    const { server } = await setUpSlack()
    const answer = await server.inject(signed(slash(`start ${'x'.repeat(70_000)}`)))
    expect(answer.statusCode).toBe(413)
  })

  it('answers the check of the address, which comes unsigned, and looks at nothing else in it', async () => {
    const { server, sent } = await setUpSlack()
    const request = {
      ...signed(`ssl_check=1&${slash('help')}`),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }
    expect((await server.inject(request)).statusCode).toBe(200)
    expect(sent).toEqual([])
  })
})

describe('/release', () => {
  it('starts a release as the person behind the Slack user', async () => {
    const world = await setUpSlack()
    const answer = await world.server.inject(
      signed(slash('start checkout production v2 faster cart', { user: 'UCAROL' })),
    )
    expect(answer.statusCode).toBe(200)
    const [reply] = await world.answered(1)
    expect(reply).toMatchObject({
      response_type: 'ephemeral',
      text: '`checkout/production/1` started: checkout/production v2',
    })
    expect((await world.releases.show(ID)).author).toBe('carol')
    expect(await world.metrics.registry.metrics()).toContain(
      'sluice_slack_deliveries_total{method="response_url",answer="ok"} 1',
    )
  })

  it('gives one release to two deliveries of one command', async () => {
    const world = await setUpSlack()
    const body = slash('start checkout production v2', { trigger: 'one' })
    await world.server.inject(signed(body, { age: 3 }))
    await world.server.inject(signed(body))
    const [first, second] = await world.answered(2)
    expect(second).toEqual(first)
    expect((await world.releases.list({}, { size: 5, next: null })).releases).toHaveLength(1)
  })

  it('shows a release to everybody, but lets strangers do nothing', async () => {
    const world = await setUpSlack()
    await startByHand(world, UNTIL_APPROVAL)
    const strangers = [{ user: 'UEVE' }, { user: 'UALICE', team: 'T0OTHER' }]
    for (const stranger of strangers) {
      for (const text of [
        'start checkout production v3',
        'abort checkout/production/1',
        'approve checkout/production/1',
      ]) {
        await world.server.inject(signed(slash(text, stranger)))
      }
      await world.server.inject(signed(click('abort', { release: ID, step: 4 }, stranger)))
    }
    const replies = await world.answered(8)
    for (const reply of replies) expect(reply['text']).toContain('you can look, but not act')
    await world.server.inject(signed(slash('status checkout/production/1', strangers[0])))
    const status = (await world.answered(9))[8]
    expect(status).toMatchObject({ response_type: 'ephemeral', text: expect.stringContaining('waiting, 5% on canary') })
    expect((await world.releases.show(ID)).phase).toBe('waiting')
  })

  it('approves the step that asks', async () => {
    const world = await setUpSlack()
    await startByHand(world, UNTIL_APPROVAL)
    await world.server.inject(signed(slash('approve checkout/production/1 looks fine', { user: 'UBOB' })))
    const [reply] = await world.answered(1)
    expect(JSON.stringify(reply)).toContain('1 of 1 from checkout-owners (bob)')
    expect(world.releases.commands).toMatchObject([
      { verb: 'approve', step: 4, reason: 'looks fine', actor: { person: 'bob' } },
    ])
  })

  it('explains what it cannot read, and mentions nobody by it', async () => {
    const world = await setUpSlack()
    const texts = [
      'deploy',
      'start checkout',
      'status 7',
      'start checkout production <!channel>',
      'status checkout/production/1 now',
    ]
    for (const [index, text] of texts.entries()) {
      await world.server.inject(signed(slash(text)))
      await world.answered(index + 1)
    }
    const replies = world.sent.map(({ body }) => String(body['text']))
    expect(replies[0]).toContain('there is no command deploy')
    expect(replies[1]).toContain('start needs a service, an environment and a version')
    expect(replies[2]).toContain('7 is not a release')
    expect(replies[3]).toContain('&lt;!channel&gt; is not a version')
    expect(replies[4]).toContain('status takes only a release')
    expect(replies.join()).not.toMatch(/<[!@#]/)
  })

  it('tells a sentence, not the fault, when Sluice itself fails', async () => {
    const world = await setUpSlack()
    world.releases.failWith(new Error('SECRET'))
    await world.server.inject(signed(slash('status checkout/production/1')))
    const [reply] = await world.answered(1)
    expect(reply?.['text']).toBe('Sluice failed to do this; the log of the API says why')
  })
})

describe('buttons', () => {
  it('carries out a click and redraws the message', async () => {
    const world = await setUpSlack()
    await startByHand(world, UNTIL_APPROVAL)
    await world.server.inject(signed(click('approve', { release: ID, step: 4 })))
    const [redrawn] = await world.answered(1)
    expect(redrawn).toMatchObject({ replace_original: true, blocks: expect.any(Array) as unknown })
    expect(JSON.stringify(redrawn)).toContain('approved by alice, 1 of 1')
  })

  it('refuses a button of an earlier step with the sentence, and redraws', async () => {
    const world = await setUpSlack()
    await startByHand(world, UNTIL_APPROVAL)
    await world.server.inject(signed(click('approve', { release: ID, step: 2 })))
    const [sentence, redrawn] = await world.answered(2)
    expect(sentence).toMatchObject({ response_type: 'ephemeral', replace_original: false })
    expect(sentence?.['text']).toContain('this command was meant for step 2; the release is at step 4')
    expect(redrawn).toMatchObject({ replace_original: true })
    expect((await world.releases.show(ID)).approval?.given).toEqual([])
  })

  it('aborts whatever step the button was drawn for', async () => {
    const world = await setUpSlack()
    await startByHand(world, UNTIL_APPROVAL)
    await world.server.inject(signed(click('abort', { release: ID, step: 1 })))
    await world.answered(1)
    world.releases.advance(ID)
    expect((await world.releases.show(ID)).phase).toBe('rolled-back')
  })

  it('gives one effect to two deliveries of one click, even when the release has moved on', async () => {
    const world = await setUpSlack()
    await startByHand(world, UNTIL_APPROVAL)
    const body = click('approve', { release: ID, step: 4 }, { trigger: 'one' })
    await world.server.inject(signed(body, { age: 2 }))
    await world.answered(1)
    world.releases.advance(ID, 2)
    await world.server.inject(signed(body))
    const replies = await world.answered(2)
    expect(replies[1]).toMatchObject({ replace_original: true })
    expect(JSON.stringify(replies)).not.toContain('meant for step')
  })

  it('lets the author not approve their own release', async () => {
    const world = await setUpSlack()
    await world.releases.start({
      plan: validPlan(),
      version: 'v2',
      reason: '',
      key: 'k',
      whenBusy: 'reject',
      author: { person: 'alice', entrance: 'slack' },
    })
    world.releases.advance(ID, UNTIL_APPROVAL)
    await world.server.inject(signed(click('approve', { release: ID, step: 4 })))
    const [reply] = await world.answered(1)
    expect(reply?.['text']).toContain('alice started this release')
  })

  it('refuses a value it did not make', async () => {
    const world = await setUpSlack()
    await world.server.inject(signed(click('abort', { release: '../../x', step: 1 })))
    const [reply] = await world.answered(1)
    expect(reply?.['text']).toContain('this button does not belong to Sluice')
  })
})

describe('/release back, try and start of the version before', () => {
  it('returns to the version before as the person behind the Slack user, once', async () => {
    const world = await setUpSlack()
    await promoteTwo(world.releases)
    const reply = await sayToSlack(world, 'back checkout production orders are lost')
    const text = '`checkout/production/3` started: back to v1 on green'
    expect(reply).toMatchObject({ response_type: 'ephemeral', text, blocks: [{ type: 'section', text: { text } }] })
    const card = await world.releases.show('release/checkout/production/3')
    expect(card).toMatchObject({ version: 'v1', author: 'alice' })
    expect(await sayToSlack(world, 'back checkout production')).toMatchObject({
      text: expect.stringContaining('checkout/production/3 is running on this target'),
    })
  })

  it('takes a start of the version before for a return, says so, and follows the plan when it is told to', async () => {
    const world = await setUpSlack()
    await promoteTwo(world.releases)
    expect((await sayToSlack(world, 'start checkout production v1 oh dear'))?.['text']).toBe(
      '`checkout/production/3` started: back to v1 on green\nv1 is the version before v2 and its pool is kept: everybody returns to green in one step, and the steps of the plan are left out\nwrite follow-plan after the version to follow the plan instead',
    )
    const other = await setUpSlack()
    await promoteTwo(other.releases)
    expect((await sayToSlack(other, 'start checkout production v1 follow-plan slowly'))?.['text']).toBe(
      '`checkout/production/3` started: checkout/production v1',
    )
    expect((await other.releases.show('release/checkout/production/3')).steps).toHaveLength(6)
  })

  it('gives a ticket with a link and a cookie to the one who asked, and to nobody that is not known', async () => {
    const world = await setUpSlack({ ...demoInstallation(), ticketSecret: () => 'a-secret-of-more-than-32-characters' })
    await startByHand(world)
    const show = world.releases.show.bind(world.releases)
    world.releases.show = async (id) => ({ ...(await show(id)), tickets: true })
    const reply = await sayToSlack(world, 'try checkout/production/1 2h <https://shop.example/?a=1&amp;b=2|shop>')
    expect(reply?.['text']).toMatch(
      /^a ticket for `checkout\/production\/1` until <!date\^\d+\^[^>]+>; whoever has it sees the canary\n\*Link:\* <https:\/\/shop\.example\/\?a=1&amp;b=2&amp;sluice-try=[\w.-]+>\n\*Cookie:\* `sluice-try=[\w.-]+`$/,
    )
    expect(reply?.['response_type']).toBe('ephemeral')
    expect((await sayToSlack(world, 'try checkout/production/1'))?.['text']).not.toContain('Link')
    expect((await sayToSlack(world, 'try checkout/production/1', 'UNOBODY'))?.['text']).toContain(
      'you can look, but not act',
    )
    expect((await sayToSlack(world, 'back checkout production', 'UNOBODY'))?.['text']).toContain(
      'you can look, but not act',
    )
  })

  it.each([
    ['back checkout', 'back needs a service and an environment'],
    ['back Checkout production', 'Checkout is not a name'],
    ['back checkout staging', 'there is no target checkout/staging'],
    ['try', 'a release is missing'],
    ['try checkout/production/1 8d', 'try takes a release, perhaps a time from 1m to 7d and an address'],
    ['try checkout/production/1 1h 2h', 'try takes a release'],
    ['try checkout/production/1 ftp://shop.example', 'try takes a release'],
    ['try checkout/production/1 https://a.example https://b.example', 'try takes a release'],
  ])('says what is wrong with %s', async (text, sentence) => {
    expect((await sayToSlack(await setUpSlack(), text))?.['text']).toContain(sentence)
  })
})
