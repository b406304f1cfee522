import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { runSluice } from '../support/program.ts'

const ARGO = ['examples/argo/rollout.yaml', 'examples/argo/analysis.yaml']
const SLOW = `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: my-service }
spec:
  template: { spec: { containers: [{ image: "registry/my-service:2.4.0" }] } }
  strategy:
    canary:
      steps:
        - setWeight: 5
        - setCanaryScale: { replicas: 3 }
        - setWeight: 100
`

/** Runs the program; `answer` is what the server says, `files` what stands beside the examples. */
async function bring(
  args: readonly string[],
  { answer = {}, status = 200, files = {} as Record<string, string> } = {},
) {
  const sent: { body: unknown }[] = []
  const written: Record<string, string> = {}
  const said = await runSluice(args, {
    async fetch(address, init) {
      const request = new Request(address, init)
      sent.push({ body: await request.json() })
      return Response.json(answer, { status })
    },
    writeFile: async (path, text) => void (written[path] = text),
    readFile: async (path) => files[path] ?? readFile(path, 'utf8'),
  })
  return { ...said, sent, written }
}

const STARTED = { releaseId: 'release/my-service/production/1', placed: 'started', number: 1 }

describe('sluice import', () => {
  it('prints a plan, and everything that does not stand in it with its line', async () => {
    const { code, out, err } = await bring(['import', 'argo', ...ARGO])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^# from examples\/argo\/rollout\.yaml, examples\/argo\/analysis\.yaml\n# not needed here:\n/)
    expect(out).toMatch(/^# {3}examples\/argo\/rollout\.yaml:8:3: spec\.replicas: /m)
    expect(out).toMatch(/^steps:\n {2}- weight: 5%\n {2}- bake: 10m\n/m)
  })

  it('writes the plan to a file, and the list to the terminal', async () => {
    const { code, out, written } = await bring(['import', 'argo', ...ARGO, '--out', 'plan.yaml', '--faster', '60x'])
    expect(code).toBe(0)
    expect(out).toMatch(/^not needed here:\n {2}examples[^]*\nwritten: plan\.yaml\n$/)
    expect(written['plan.yaml']).toMatch(
      /^# from .*, 60x faster than they say[^]*\nservice: my-service\n[^]*weight: 100%\n$/,
    )
  })

  it('ends with a code of its own when part of it was left out', async () => {
    const { code, out, err } = await bring(['import', 'argo', 'slow.yaml'], { files: { 'slow.yaml': SLOW } })
    expect([code, err]).toEqual([4, '1 left out: the plan has nothing in its place\n'])
    expect(out).toMatch(
      /^# left out:\n# {3}slow\.yaml:10:11: .*setCanaryScale: Sluice scales no pods\n# {5}fix: write a hook/m,
    )
  })

  it('takes a Canary of Flagger likewise, and answers in JSON', async () => {
    const files = ['examples/flagger/canary.yaml', 'examples/flagger/metric-template.yaml']
    const { code, out } = await bring(['import', 'flagger', ...files, '--output', 'json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      service: 'checkout',
      steps: [{ ramp: { bake: '1m' } }, { weight: '100%' }],
      notes: expect.arrayContaining([expect.objectContaining({ effect: 'differs', line: expect.any(Number) })]),
    })
  })

  it.each([
    [['--faster', '60'], '--faster 60'],
    [['--cohort', 'beta'], '--cohort beta'],
    [['--approvers', 'No Group'], '--approvers No Group'],
    [['--environment', 'x y'], '--environment x y'],
  ])('refuses options that say nothing: %j', async (more, word) => {
    const { code, err } = await bring(['import', 'argo', ...ARGO, ...more])
    expect(code).toBe(2)
    expect(err).toContain(word)
  })
})

describe('sluice start -f', () => {
  const start = ['start', ...ARGO.flatMap((file) => ['-f', file])]

  it('starts the plan that the manifests become', async () => {
    const { code, out, sent } = await bring([...start, '--version', '2.4.0'], { answer: STARTED })
    expect([code, out]).toEqual([0, 'my-service/production/1 started\n'])
    expect(sent[0]?.body).toMatchObject({ version: '2.4.0', plan: { service: 'my-service', steps: { length: 10 } } })
  })

  it('starts nothing when part of it would be left out, unless that is accepted', async () => {
    const files = { 'slow.yaml': SLOW }
    const refused = await bring(['start', '-f', 'slow.yaml'], { answer: STARTED, files })
    expect(refused).toMatchObject({ code: 1, out: '', sent: [] })
    expect(refused.err).toMatch(/^slow\.yaml:10:11: .*setCanaryScale[^]*nothing was started; --accept-left-out/)
    const accepted = await bring(['start', '-f', 'slow.yaml', '--accept-left-out'], { answer: STARTED, files })
    expect(accepted.sent[0]?.body).toMatchObject({
      version: '2.4.0',
      plan: { steps: [{ weight: '5%' }, { weight: '100%' }] },
    })
    expect(accepted.err).toContain('left out:')
  })

  it('gives what the server refuses the line of the manifest', async () => {
    const problem = {
      rule: 'unknown-group',
      path: ['steps', 4, 'analyse'],
      message: 'no such thing',
      where: 'steps[4]',
    }
    const answer = { type: '', title: '', status: 422, detail: '', code: 'plan.invalid', problems: [problem] }
    const { code, err } = await bring([...start, '--version', '1'], { answer, status: 422 })
    expect(code).toBe(1)
    expect(err).toMatch(/^examples\/argo\/rollout\.yaml:21:\d+: no such thing/m)
  })

  it.each([
    [start, /--version/],
    [['start'], /either a plan or -f/],
    [['start', 'plan.yaml', '-f', 'a.yaml', '--version', '1'], /either a plan or -f/],
    [['start', 'plan.yaml'], /expected --version/],
    [['start', '-f', 'examples/quick.yaml', '--version', '1'], /this is a plan already[^]*sluice start plan\.yaml/],
    [['start', '-f', ARGO[1] ?? '', '--arg', 'service-name=a', '--version', '1'], /no Rollout or Canary to start/],
    [['start', '-f', ARGO[0] ?? '', '--version', '1'], /:16:\d+: there is no AnalysisTemplate success-rate/],
  ])('asks for what is missing: %j', async (args, word) => {
    const { code, err, sent } = await bring(args)
    expect([code === 1 || code === 2, sent]).toEqual([true, []])
    expect(err).toMatch(word)
  })
})
