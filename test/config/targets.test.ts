import { describe, expect, it } from 'vitest'
import { registeredPlanOf, requireTarget } from '../../src/config/targets.ts'
import { demoInstallation, PLAN } from '../support/demo-installation.ts'

const TARGET = { service: 'checkout', environment: 'production' }
const installation = demoInstallation()

describe('a target', () => {
  it('is found in sluice.yaml', () => {
    expect(requireTarget(installation, TARGET)).toMatchObject({ ...TARGET, pools: ['blue', 'green'] })
  })

  it('that nobody has registered is refused, with those that are known', () => {
    const unknown = { ...TARGET, environment: 'moon' }
    const refusal = { code: 'target.unknown', fix: expect.stringContaining('checkout/production') }
    expect(() => requireTarget(installation, unknown)).toThrow(expect.objectContaining(refusal))
  })
})

describe('the plan of a target', () => {
  it('is the one it has registered', async () => {
    expect(await registeredPlanOf(TARGET, { installation, plans: async () => PLAN })).toBe(PLAN)
  })

  it('is asked for when it has none', async () => {
    const none = registeredPlanOf(TARGET, { installation, plans: async () => null })
    await expect(none).rejects.toMatchObject({
      code: 'request.invalid',
      message: 'checkout/production has no plan of its own',
    })
  })

  it('is looked for only where the target is known', async () => {
    const plans = async () => PLAN
    const unknown = registeredPlanOf({ ...TARGET, service: 'x' }, { installation, plans })
    await expect(unknown).rejects.toMatchObject({ code: 'target.unknown' })
  })
})
