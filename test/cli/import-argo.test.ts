import { describe, expect, it } from 'vitest'
import { CHECK_KINDS } from '../../src/catalog.ts'
import { readPlanText } from '../../src/domain/plan/plan-text.ts'
import { planContext } from '../domain/plan/plan-context.ts'
import { runSluice } from '../support/program.ts'

const TEMPLATE = `apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: { name: success-rate }
spec:
  args: [{ name: service }]
  metrics:
    - name: Success Rate
      interval: 5m
      successCondition: result[0] >= 0.95
      failureLimit: 3
      provider:
        prometheus:
          address: http://prometheus:9090
          query: |
            sum(rate(requests{service="{{args.service}}", code!~"5.."}[5m]))
              / sum(rate(requests{service="{{args.service}}"}[5m]))
`

const runImport = (text: string, ...args: string[]) =>
  runSluice(['import', 'argo', 'template.yaml', ...args], { readFile: async () => text })

describe('sluice import argo, of templates alone', () => {
  it('prints checks that a plan takes, with what was left out as comments', async () => {
    const { code, out } = await runImport(TEMPLATE, '--arg', 'service=checkout', '--source', 'proxy')
    expect(code).toBe(0)
    expect(out).toMatch(
      /^# {3}template\.yaml:13:\d+: spec\.metrics\[0\]\.provider\.prometheus\.address: the metric source's own setting/m,
    )
    const plan = `service: checkout\nenvironment: production\nsteps: [{ weight: 100% }]\n${out}`
    const result = readPlanText(plan, 'plan.yaml', { ...planContext(), checkKinds: CHECK_KINDS })
    expect('plan' in result ? result.plan.checks : result.problems).toEqual([
      expect.objectContaining({
        ...{ kind: 'argo', name: 'success-rate', interval: 300_000, failureLimit: 3 },
        query: expect.stringContaining('service="checkout", code!~"5.."}[5m]))\n  / sum'),
      }),
    ])
  })

  it('leaves out what it cannot import, as a comment and a hint', async () => {
    const web = '    - { name: web, provider: { web: { url: https://a } } }\n'
    const { code, out, err } = await runImport(`${TEMPLATE}${web}`, '--arg', 'service=checkout')
    expect(code).toBe(4)
    expect(out).toMatch(/^# left out:\n# {3}template\.yaml:17:\d+: web: only prometheus can be imported, not web\n/m)
    expect(out).toContain('checks:\n  success-rate:\n')
    expect(err).toBe('1 left out: the plan has nothing in its place\n')
    const none = await runImport(
      `${TEMPLATE.slice(0, TEMPLATE.indexOf('    - name'))}${web}`,
      '--arg',
      'service=checkout',
    )
    expect(none).toMatchObject({ code: 1, out: '' })
    expect(none.err).toContain('web: only prometheus can be imported, not web')
  })

  it('lists every problem of the template and prints no checks', async () => {
    const { code, out, err } = await runImport(TEMPLATE.replace('result[0] >=', 'reslt >='))
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain("the argument 'service' has no value")
    expect(err).toContain('spec.metrics[0].successCondition')
    expect(err).toMatch(/\n3 problems\n$/)
  })

  it('says where a file is no YAML, and which argument is none', async () => {
    expect((await runImport('a: [')).err).toContain('template.yaml:1:')
    expect(await runImport(TEMPLATE, '--arg', 'service')).toMatchObject({ code: 2, out: '' })
    expect(await runImport(TEMPLATE, '--source', 'My Source')).toMatchObject({ code: 2, out: '' })
  })

  it('answers in JSON when asked to', async () => {
    const { out } = await runImport(TEMPLATE, '--arg', 'service=a', '--output', 'json')
    expect(JSON.parse(out)).toMatchObject({ checks: { 'success-rate': { argo: { interval: '5m' } } } })
  })

  it('lets nothing of the template reach the terminal as a control character', async () => {
    const { out } = await runImport(TEMPLATE.replace('sum(rate', '"\\u001b[2J" sum(rate'), '--arg', 'service=a')
    expect(out).not.toContain('\u001b')
  })

  it('tells a Helm template from YAML in one problem with its place', async () => {
    const chart = TEMPLATE.replace('name: success-rate', 'name: {{ include "shop.fullname" . }}-errors')
    const { code, out, err } = await runImport(chart)
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(/^template\.yaml:3:\d+: this is a Helm template/)
    expect(err).toMatch(/helm template …[^]*\n1 problem\n$/)
    const quoted = TEMPLATE.replace('interval: 5m', 'interval: "{{ .Values.interval }}"')
    expect((await runImport(quoted)).err).toMatch(/this is a Helm template[^]*\n1 problem\n$/)
  })

  it('reads every document of a file', async () => {
    const second = TEMPLATE.replace('Success Rate', 'Second').replace('name: success-rate', 'name: second')
    const { code, out } = await runImport(`${TEMPLATE}---\n${second}---\n# nothing\n`, '--arg', 'service=a')
    expect(code).toBe(0)
    expect(out).toMatch(/ {2}success-rate:[^]* {2}second:/)
  })
})
