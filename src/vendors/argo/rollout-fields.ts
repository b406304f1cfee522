import { type FieldTable, rowsFor } from '../fields.ts'

const PODS = 'Sluice starts and stops no pods: whoever deploys does, or a hook of the plan'
const ROUTER = 'the router of the target in sluice.yaml splits the traffic'

const isTrue = (value: unknown) => value === true

const analysisRows = (above: string): FieldTable => ({
  [above]: { effect: 'carried', becomes: 'see below' },
  [`${above}.templates`]: { effect: 'carried', becomes: 'a check of kind `argo` for each metric of each template' },
  [`${above}.templates[].templateName`]: {
    effect: 'carried',
    becomes: 'the template of this name, from any of the files',
  },
  [`${above}.templates[].clusterScope`]: { effect: 'carried', becomes: 'the ClusterAnalysisTemplate of this name' },
  [`${above}.args`]: { effect: 'carried', becomes: 'values for `{{args.…}}`, before those of the template' },
  [`${above}.args[].name`]: { effect: 'carried', becomes: 'values for `{{args.…}}`' },
  [`${above}.args[].value`]: { effect: 'carried', becomes: 'values for `{{args.…}}`' },
  [`${above}.args[].valueFrom`]: {
    effect: 'carried',
    becomes:
      '`podTemplateHashValue: Latest` is `$pool`, a `fieldRef` the value that stands in this file; with `Stable` the metric is left out',
  },
  [`${above}.dryRun`]: { effect: 'carried', becomes: '`onFail: warn` beside the check' },
  [`${above}.dryRun[].metricName`]: { effect: 'carried', becomes: '`onFail: warn` beside the check' },
  [`${above}.measurementRetention`]: {
    effect: 'not-needed',
    becomes: 'it has no effect here: a judge keeps counters, not measurements',
  },
  [`${above}.analysisRunMetadata`]: { effect: 'not-needed', becomes: 'there is no AnalysisRun to be labelled' },
})

const CANARY = 'spec.strategy.canary'
const BLUE_GREEN = 'spec.strategy.blueGreen'
const STEP = `${CANARY}.steps[]`

const TOP: FieldTable = {
  apiVersion: { effect: 'carried', becomes: 'must be `argoproj.io/v1alpha1`' },
  kind: { effect: 'carried', becomes: 'says how it is read' },
  metadata: { effect: 'carried', becomes: 'see below' },
  'metadata.name': { effect: 'carried', becomes: '`service`, unless `--service` says another' },
  'metadata.namespace': {
    effect: 'not-needed',
    becomes: 'a target has a service and an environment: see --environment',
  },
  'metadata.*': { effect: 'not-needed', becomes: 'labels and the like say nothing about a release' },
  status: { effect: 'not-needed', becomes: 'what a cluster wrote of a rollout that ran' },
  spec: { effect: 'carried', becomes: 'see below' },
  ...rowsFor(
    ['replicas', 'selector', 'template', 'workloadRef', 'minReadySeconds', 'revisionHistoryLimit', 'restartAt'].map(
      (key) => `spec.${key}`,
    ),
    { effect: 'not-needed', becomes: PODS },
  ),
  'spec.paused': {
    effect: 'left-out',
    becomes: 'a release cannot begin paused',
    fix: 'start it when it is to go on, or begin the plan with an approve step',
    when: isTrue,
  },
  'spec.progressDeadlineSeconds': {
    effect: 'not-needed',
    becomes: 'no pods are waited for; a router that does not do as it is told pauses the release or rolls it back',
  },
  'spec.progressDeadlineAbort': {
    effect: 'not-needed',
    becomes: 'no pods are waited for; a router that does not do as it is told pauses the release or rolls it back',
  },
  'spec.rollbackWindow': {
    effect: 'differs',
    becomes:
      'a release goes through all its steps, whatever ran before; `sluice back` returns to the version before in one step',
  },
  'spec.analysis': {
    effect: 'not-needed',
    becomes: 'Temporal keeps the history of a release as long as its namespace says',
  },
  'spec.strategy': { effect: 'carried', becomes: '`canary` or `blueGreen`' },
}

const CANARY_TABLE: FieldTable = {
  [CANARY]: { effect: 'carried', becomes: '`steps`' },
  ...rowsFor(
    [
      ...['maxSurge', 'maxUnavailable', 'antiAffinity', 'canaryMetadata', 'stableMetadata', 'minPodsPerReplicaSet'],
      ...['abortScaleDownDelaySeconds', 'scaleDownDelayRevisionLimit'],
    ].map((key) => `${CANARY}.${key}`),
    { effect: 'not-needed', becomes: PODS },
  ),
  ...rowsFor(
    ['canaryService', 'stableService', 'pingPong'].map((key) => `${CANARY}.${key}`),
    { effect: 'not-needed', becomes: 'the pools of the target in sluice.yaml are the two sides' },
  ),
  [`${CANARY}.dynamicStableScale`]: {
    effect: 'left-out',
    becomes: 'the old version keeps its size, so that everybody can go back at once',
    fix: 'leave it out; a hook of the plan can scale the old version down after the last step',
    when: isTrue,
  },
  [`${CANARY}.scaleDownDelaySeconds`]: {
    effect: 'carried',
    becomes: '`after: { keep }`, from one minute on: so long `sluice back` returns in one step',
  },
  [`${CANARY}.trafficRouting`]: { effect: 'carried', becomes: ROUTER },
  [`${CANARY}.trafficRouting.maxTrafficWeight`]: { effect: 'carried', becomes: 'weights are shares of it' },
  [`${CANARY}.trafficRouting.managedRoutes`]: { effect: 'not-needed', becomes: 'Sluice owns its map, not its routes' },
  [`${CANARY}.trafficRouting.*`]: { effect: 'not-needed', becomes: ROUTER },
  ...analysisRows(`${CANARY}.analysis`),
  [`${CANARY}.analysis`]: { effect: 'carried', becomes: 'checks that go on in the background' },
  [`${CANARY}.analysis.startingStep`]: { effect: 'carried', becomes: 'where the analysis in the background begins' },
}

const STEPS_TABLE: FieldTable = {
  [`${CANARY}.steps`]: {
    effect: 'carried',
    becomes: '`steps`; past the last one everybody gets the new version, in words here',
  },
  [`${STEP}.setWeight`]: { effect: 'carried', becomes: '`weight`; one that falls is refused' },
  [`${STEP}.pause`]: {
    effect: 'carried',
    becomes: 'with `duration` a `bake`; without, an `approve` by the group of `--approvers`',
  },
  [`${STEP}.pause.duration`]: { effect: 'carried', becomes: 'the length of the `bake`' },
  ...analysisRows(`${STEP}.analysis`),
  [`${STEP}.analysis`]: { effect: 'carried', becomes: '`analyse`, as long as its metrics take' },
  [`${STEP}.setHeaderRoute`]: {
    effect: 'carried',
    becomes: '`cohort`, with `--cohort route=cohort`; else left out',
  },
  [`${STEP}.setCanaryScale`]: {
    effect: 'left-out',
    becomes: 'Sluice scales no pods',
    fix: 'write a hook: { call, undo } in its place, with a call of sluice.yaml that scales',
  },
  [`${STEP}.setMirrorRoute`]: {
    effect: 'carried',
    becomes: '`mirror`, with `--mirror` and before the first weight; else left out',
  },
  [`${STEP}.experiment`]: {
    effect: 'left-out',
    becomes: 'there are no pods of an experiment, and so none of its analyses',
    fix: 'compare with stable instead, such as errorRate: { notWorseThan: 1.5x }',
  },
  [`${STEP}.plugin`]: {
    effect: 'left-out',
    becomes: 'plugins of a controller are not run',
    fix: 'write a hook: { call, undo } or a gate: { call } in its place',
  },
  [`${STEP}.replicaProgressThreshold`]: {
    effect: 'left-out',
    becomes: 'no pods are counted step by step',
    fix: 'let the target demand ready servers: capacity in sluice.yaml',
  },
}

const BLUE_GREEN_TABLE: FieldTable = {
  [BLUE_GREEN]: { effect: 'carried', becomes: 'one step from nobody to everybody' },
  ...rowsFor(
    [
      ...['previewReplicaCount', 'maxUnavailable', 'antiAffinity', 'previewMetadata', 'activeMetadata'],
      ...['abortScaleDownDelaySeconds', 'scaleDownDelayRevisionLimit'],
    ].map((key) => `${BLUE_GREEN}.${key}`),
    { effect: 'not-needed', becomes: PODS },
  ),
  [`${BLUE_GREEN}.activeService`]: {
    effect: 'not-needed',
    becomes: 'the pools of the target in sluice.yaml are the two sides',
  },
  [`${BLUE_GREEN}.previewService`]: {
    effect: 'carried',
    becomes: '`cohort`, with `--preview cohort`; else nobody sees the new version before everybody does',
  },
  [`${BLUE_GREEN}.autoPromotionEnabled`]: {
    effect: 'carried',
    becomes: '`false` is an `approve` by the group of `--approvers`',
  },
  [`${BLUE_GREEN}.autoPromotionSeconds`]: { effect: 'carried', becomes: '`bake` before the change' },
  [`${BLUE_GREEN}.scaleDownDelaySeconds`]: {
    effect: 'carried',
    becomes: '`after: { keep }`, from one minute on: so long `sluice back` returns in one step',
  },
  ...analysisRows(`${BLUE_GREEN}.prePromotionAnalysis`),
  [`${BLUE_GREEN}.prePromotionAnalysis`]: {
    effect: 'carried',
    becomes:
      '`analyse` before the change, with `--preview cohort`; else left out: nothing is judged before anybody has the version',
  },
  ...analysisRows(`${BLUE_GREEN}.postPromotionAnalysis`),
  [`${BLUE_GREEN}.postPromotionAnalysis`]: { effect: 'carried', becomes: '`analyse` after the change' },
}

/** What becomes of the fields of a Rollout. */
export const ROLLOUT_FIELDS: FieldTable = { ...TOP, ...CANARY_TABLE, ...STEPS_TABLE, ...BLUE_GREEN_TABLE }
