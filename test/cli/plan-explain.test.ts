import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { columnsOf } from '../../src/cli/text.ts'
import { runSluice } from '../support/program.ts'

const CONFIG = fileURLToPath(new URL('./sluice.yaml', import.meta.url))
const PLAN = `service: checkout
environment: production
steps:
  - cohort: internal
  - bake: 10m
  - ramp: { through: [1%, 25%], bake: 10m }
  - approve: { by: checkout-owners, within: 4h }
  - weight: 100%
  - bake: 1h
checks:
  errors: { errorRate: { notWorseThan: 1.5x } }
  ceiling: { errorRate: { max: 3% } }
`

const runPlan = (columns: number, text: string, ...args: string[]) =>
  runSluice(['plan', ...args, '--config', CONFIG], { columns: () => columns, readFile: async () => text })

describe('sluice plan explain', () => {
  it('shows what happens when, to whom, and what watches it', async () => {
    const { code, out } = await runPlan(80, PLAN, 'explain', 'plan.yaml')
    expect(code).toBe(0)
    expect(out).toBe(`checkout in production
takes 1h 30m with approvals that come at once; approvals may take up to 4h more

STEP  START  LASTS  ON THE CANARY           WHAT
   1     0s      ·  ············     0% +1  cohort internal
                                            the canary warms up for 1m: no check
                                            counts before
   2     0s    10m  ············     0% +1  bake 10m
   3    10m      ·  ▏···········     1% +1  weight 1%
                                            the canary warms up for 1m: no check
                                            counts before
   3    10m    10m  ▏···········     1% +1  bake 10m
   3    20m      ·  ███·········    25% +1  weight 25%
                                            the canary warms up for 1m: no check
                                            counts before
   3    20m    10m  ███·········    25% +1  bake 10m
   4    30m  waits  ███·········    25% +1  approve by checkout-owners within 4h
                                            asks alice, bob, but not the author
                                            without an answer after 4h: rollback
   5    30m      ·  ████████████   100% +1  weight 100%
                                            the canary warms up for 1m: no check
                                            counts before
   6    30m     1h  ████████████   100% +1  bake 1h
      +n: and n cohorts, whatever the weight

watched every 10s, from the first exposure to the end
  errors   α 1%  failed requests at most 1.5x stable's share
  ceiling  no α  failed requests at most 3%, 2 of 3 looks
  false alarm over the whole release: at most 1%

when a check fails: rollback
when inconclusive: hold for 15m, then pause
when somebody else changes the router: pause after 3 repairs in a row, or 10% of
a bake
when 50% of 20 or more requests to the canary fail: rollback, whatever the
checks say
`)
  })

  it('says what the plan itself has set for drift and floor', async () => {
    const own = `${PLAN}onDrift: { repairs: 1, share: 2.5% }\nfloor: { errors: 20%, requests: 100 }\n`
    const { out } = await runPlan(100, own, 'explain', 'plan.yaml')
    expect(out).toContain('when somebody else changes the router: pause after the first repair, or 2.5% of a bake\n')
    expect(out).toContain('when 20% of 100 or more requests to the canary fail: rollback, whatever the checks say\n')
  })

  it.each([60, 80, 100])('stays within %i columns', async (columns) => {
    const long = PLAN.replace('1.5x', '1.5x, minRequests: 100000').replaceAll(
      'errors',
      'a-check-with-quite-a-long-name',
    )
    const { out } = await runPlan(columns, long, 'explain', 'plan.yaml')
    expect(Math.max(...out.split('\n').map(columnsOf))).toBeLessThanOrEqual(columns)
  })

  it('says that nothing is watched when nothing is', async () => {
    const bare = 'service: checkout\nenvironment: production\nsteps: [{ weight: 100% }]\n'
    const { out } = await runPlan(80, bare, 'explain', 'plan.yaml')
    expect(out).toContain('takes 0s\n')
    expect(out).toContain('nothing is watched')
  })

  it('gives programs the plan and its timeline', async () => {
    const { out } = await runPlan(80, PLAN, 'explain', 'plan.yaml', '--output', 'json')
    expect(JSON.parse(out)).toMatchObject({ plan: { service: 'checkout' }, timeline: { planned: 5_400_000 } })
  })

  it('lists what is wrong with a plan instead', async () => {
    const { code, err } = await runPlan(80, PLAN.replace('25%', '25'), 'explain', 'plan.yaml')
    expect(code).toBe(1)
    expect(err).toContain('plan.yaml:6:')
  })
})

describe('sluice plan check --traffic', () => {
  it('says what each bake can see, and warns of those that cannot', async () => {
    const { code, out } = await runPlan(80, PLAN, 'check', 'plan.yaml', '--traffic', '20')
    expect(code).toBe(0)
    expect(out).toMatch(
      /warning: errors would probably miss this regression in 1 of 2 bakes; step 3:\n {2}at 20 requests/,
    )
    expect(out).toContain('errors, ceiling, step 2: only internal: their traffic is not known')
    expect(Math.max(...out.slice(out.indexOf('power of')).split('\n').map(columnsOf))).toBeLessThanOrEqual(80)
  })

  it('says in one line that there is nothing to say, and why', async () => {
    const bare = 'service: checkout\nenvironment: production\nsteps: [{ weight: 100% }]\n'
    const unwatched = await runPlan(80, bare, 'check', 'plan.yaml', '--traffic', '20')
    expect(unwatched.out).toMatch(/\n\nits power cannot be calculated: the plan has no checks\n$/)
    const sudden = `${bare}checks: { errors: { errorRate: { notWorseThan: 1.5x } } }\n`
    const unbaked = await runPlan(80, sudden, 'check', 'plan.yaml', '--traffic', '20')
    expect(unbaked.out).toMatch(
      /\n\nits power cannot be calculated: the plan has no bake and no analysis in which\n .*\n$/,
    )
  })

  it('lists the checks of analyses with their steps, within the width', async () => {
    const analysis = '  - analyse: { for: 1h, checks: { last-ceiling: { errorRate: { max: 2% } } } }\nchecks:\n'
    const { out } = await runPlan(
      60,
      PLAN.replace('checks:\n', analysis),
      'check',
      'a-long-name-of-a-plan-that-goes-on.yaml',
    )
    expect(out).toContain('last-ceiling (errorRate, step 7)')
    expect(Math.max(...out.split('\n').map(columnsOf))).toBeLessThanOrEqual(60)
  })

  it('says of a limit how often it would fail a good canary, and shows its power within the limit too', async () => {
    const { out } = await runPlan(
      80,
      PLAN.replace('max: 3%', 'max: 1%, minRequests: 20'),
      'check',
      'plan.yaml',
      '--traffic',
      '20',
    )
    expect(out).not.toContain('which it accepts')
    expect(out).toMatch(/warning: ceiling would fail (over )?\d+% of canaries that are no worse than stable\n/)
    const json = await runPlan(80, PLAN, 'check', 'plan.yaml', '--traffic', '20', '--output', 'json')
    const rows = JSON.parse(json.out).power as { check: string; falseAlarm: number | null; power: number | null }[]
    expect(rows.filter(({ check }) => check === 'errors').every(({ falseAlarm }) => falseAlarm === null)).toBe(true)
    expect(rows.filter(({ check, power }) => check === 'ceiling' && power !== null)).toHaveLength(3)
    for (const { check, power, falseAlarm } of rows)
      if (check === 'ceiling') expect(falseAlarm === null).toBe(power === null)
  })

  it('warns of a bake that is over before enough requests came', async () => {
    const { out } = await runPlan(200, PLAN, 'check', 'plan.yaml', '--traffic', '3')
    expect(out).toContain(
      'warning: step 3: errors needs 50 requests on the canary, about 27m 47s at 3 requests/s and a weight of 1%; the bake of 10m is held for 15m, then paused\n',
    )
    expect((await runPlan(200, PLAN, 'check', 'plan.yaml', '--traffic', '20')).out).not.toContain('would be held')
  })

  it('refuses an event that no check asks for', async () => {
    const flags = ['--traffic', '20', '--change', 'ordres=0.5x']
    const orders = `${PLAN}  orders: { rate: { of: orders, notBelow: 0.9x } }\n`
    expect(await runPlan(80, orders, 'check', 'plan.yaml', ...flags)).toMatchObject({
      ...{ code: 2, out: '' },
      err: expect.stringContaining('--change ordres: no check of the plan asks for ordres; one of orders'),
    })
  })

  it('gives programs the same figures', async () => {
    const flags = ['--traffic', '20', '--errors', '0.1%', '--regression', '5%', '--output', 'json']
    const answer = JSON.parse((await runPlan(80, PLAN, 'check', 'plan.yaml', ...flags)).out)
    expect(answer.traffic).toMatchObject({ requestsPerSecond: 20, errors: { from: 0.001, to: 0.05 } })
    expect(answer.power).toHaveLength(8)
    expect(answer.power[2]).toMatchObject({ step: 3, check: 'errors', weight: 100, isWeak: expect.any(Boolean) })
  })

  it.each([
    [['--traffic', '-1']],
    [['--traffic', 'many']],
    [['--traffic', '0']],
    [['--traffic', '10', '--errors', '2']],
    [['--traffic', '10', '--errors', '2%', '--regression', '1%']],
    [['--regression', '1%']],
  ])('refuses %j as wrong usage', async (flags) => {
    expect(await runPlan(80, PLAN, 'check', 'plan.yaml', ...flags)).toMatchObject({ code: 2, out: '' })
  })
})
