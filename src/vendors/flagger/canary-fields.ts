import { type FieldTable, rowsFor } from '../fields.ts'

const PODS = 'Sluice starts and stops no pods: whoever deploys does, or a hook of the plan'
const ROUTER = 'the router and the pools of the target in sluice.yaml are used'
const isTrue = (value: unknown) => value === true

const analysisRows = (above: string): FieldTable => ({
  [above]: { effect: 'carried', becomes: 'see below' },
  [`${above}.interval`]: { effect: 'carried', becomes: 'the length of a `bake`, and `interval` of the plan' },
  [`${above}.threshold`]: {
    effect: 'carried',
    becomes: 'how many failed looks of one check roll back; Flagger adds up those of all',
  },
  [`${above}.stepWeight`]: { effect: 'carried', becomes: '`ramp`' },
  [`${above}.stepWeights`]: { effect: 'carried', becomes: '`ramp`' },
  [`${above}.maxWeight`]: { effect: 'carried', becomes: 'the last weight before everybody' },
  [`${above}.stepWeightPromotion`]: {
    effect: 'differs',
    becomes: 'there is no second deployment: everybody goes to the new version where it runs, in one step',
  },
  [`${above}.iterations`]: { effect: 'carried', becomes: 'a `bake` of so many intervals' },
  [`${above}.match`]: { effect: 'carried', becomes: '`cohort`, with `--cohort match=cohort`; else it is refused' },
  [`${above}.sessionAffinity`]: {
    effect: 'differs',
    becomes: 'the router of the target keeps users on their version by itself: see its page',
  },
  ...rowsFor([`${above}.primaryReadyThreshold`, `${above}.canaryReadyThreshold`], {
    effect: 'differs',
    becomes: 'the target says how many servers must be ready: capacity in sluice.yaml',
  }),
  [`${above}.mirror`]: {
    effect: 'carried',
    becomes: '`mirror` before the first weight, or for all `iterations`, with `--mirror`; else left out',
  },
  [`${above}.mirrorWeight`]: { effect: 'carried', becomes: 'the share of `mirror`, everything when absent' },
  [`${above}.alerts`]: { effect: 'differs', becomes: 'people are told in Slack, as sluice.yaml says' },
  [`${above}.metrics`]: { effect: 'carried', becomes: 'a check each' },
  ...rowsFor(
    ['name', 'thresholdRange', 'thresholdRange.min', 'thresholdRange.max', 'threshold'].map(
      (key) => `${above}.metrics[].${key}`,
    ),
    {
      effect: 'carried',
      becomes:
        '`request-success-rate` is `errorRate: { max }`, `request-duration` is `latency: { max }`, any other a check of kind `argo`',
    },
  ),
  [`${above}.metrics[].interval`]: { effect: 'carried', becomes: '`{{ interval }}` in the query' },
  [`${above}.metrics[].query`]: { effect: 'carried', becomes: '`promql`' },
  [`${above}.metrics[].templateRef`]: {
    effect: 'carried',
    becomes: 'the MetricTemplate of this name, from any of the files',
  },
  [`${above}.metrics[].templateVariables`]: { effect: 'carried', becomes: 'values for `{{ variables.… }}`' },
  [`${above}.webhooks`]: {
    effect: 'carried',
    becomes:
      '`confirm-rollout` and `confirm-promotion` are an `approve` by the group of `--approvers`; `event` is not needed; any other is left out',
  },
})

/** What becomes of the fields of a Canary of Flagger. */
export const CANARY_FIELDS: FieldTable = {
  apiVersion: { effect: 'carried', becomes: 'must be `flagger.app/v1beta1`' },
  kind: { effect: 'carried', becomes: 'says how it is read' },
  metadata: { effect: 'carried', becomes: 'see below' },
  'metadata.name': { effect: 'carried', becomes: '`service`, unless `--service` says another' },
  'metadata.namespace': { effect: 'carried', becomes: '`{{ namespace }}` in queries' },
  'metadata.*': { effect: 'not-needed', becomes: 'labels and the like say nothing about a release' },
  status: { effect: 'not-needed', becomes: 'what a cluster wrote of a release that ran' },
  spec: { effect: 'carried', becomes: 'see below' },
  'spec.targetRef': { effect: 'carried', becomes: '`{{ target }}` in queries' },
  'spec.targetRef.name': { effect: 'carried', becomes: '`{{ target }}` in queries' },
  'spec.targetRef.*': { effect: 'not-needed', becomes: PODS },
  'spec.service': { effect: 'carried', becomes: ROUTER },
  'spec.service.name': { effect: 'carried', becomes: '`{{ service }}` in queries' },
  'spec.service.*': { effect: 'not-needed', becomes: ROUTER },
  'spec.ingressRef': { effect: 'carried', becomes: '`{{ ingress }}` in queries' },
  'spec.ingressRef.name': { effect: 'carried', becomes: '`{{ ingress }}` in queries' },
  'spec.ingressRef.*': { effect: 'not-needed', becomes: ROUTER },
  ...rowsFor(
    ['provider', 'metricsServer', 'routeRef', 'upstreamRef', 'gatewayRefs'].map((key) => `spec.${key}`),
    { effect: 'not-needed', becomes: 'router and metric sources of the target in sluice.yaml are used' },
  ),
  ...rowsFor(
    ['autoscalerRef', 'progressDeadlineSeconds', 'revertOnDeletion'].map((key) => `spec.${key}`),
    { effect: 'not-needed', becomes: PODS },
  ),
  'spec.suspend': {
    effect: 'left-out',
    becomes: 'a release cannot begin suspended',
    fix: 'start it when it is to go on, or sluice freeze the target',
    when: isTrue,
  },
  'spec.skipAnalysis': {
    effect: 'carried',
    becomes: '`true` is refused: a release that nothing watches is one step of a plan',
  },
  ...analysisRows('spec.analysis'),
  ...analysisRows('spec.canaryAnalysis'),
}

/** What becomes of the fields of a MetricTemplate of Flagger. */
export const METRIC_TEMPLATE_FIELDS: FieldTable = {
  apiVersion: { effect: 'carried', becomes: 'must be `flagger.app/v1beta1`' },
  kind: { effect: 'carried', becomes: 'says how it is read' },
  metadata: { effect: 'carried', becomes: 'only its name and its namespace count' },
  'metadata.name': { effect: 'carried', becomes: 'the name that a Canary calls it by' },
  'metadata.namespace': { effect: 'carried', becomes: 'must be the one that a Canary names' },
  'metadata.*': { effect: 'not-needed', becomes: 'labels and the like say nothing about a release' },
  status: { effect: 'not-needed', becomes: 'what a cluster wrote' },
  spec: { effect: 'carried', becomes: 'see below' },
  'spec.query': { effect: 'carried', becomes: '`promql`, with its variables filled in' },
  'spec.provider': { effect: 'carried', becomes: 'only `type: prometheus` can be imported' },
  'spec.provider.type': { effect: 'carried', becomes: 'only `prometheus`: any other metric is left out' },
  ...rowsFor(
    ['address', 'secretRef', 'region', 'insecureSkipVerify', 'headers'].map((key) => `spec.provider.${key}`),
    { effect: 'differs', becomes: "the metric source's own setting in sluice.yaml is used" },
  ),
}
