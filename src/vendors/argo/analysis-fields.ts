import { type FieldTable, rowsFor } from '../fields.ts'

const CARRIED_ARGS = 'a value for `{{args.…}}`; `--arg name=value` goes before it'
const SOURCE = "the metric source's own setting in sluice.yaml is used"
const FOREIGN = 'only prometheus can be imported, a range query not'

const COMMON: FieldTable = {
  apiVersion: { effect: 'carried', becomes: 'must be `argoproj.io/v1alpha1`' },
  kind: { effect: 'carried', becomes: 'says how it is read' },
  metadata: { effect: 'carried', becomes: 'only its name counts' },
  'metadata.name': { effect: 'carried', becomes: 'the name that a Rollout calls it by' },
  'metadata.*': { effect: 'not-needed', becomes: 'labels and the like say nothing about a release' },
  spec: { effect: 'carried', becomes: 'see below' },
  'spec.args': { effect: 'carried', becomes: CARRIED_ARGS },
  'spec.args[].name': { effect: 'carried', becomes: CARRIED_ARGS },
  'spec.args[].value': { effect: 'carried', becomes: CARRIED_ARGS },
  'spec.args[].valueFrom': {
    effect: 'carried',
    becomes: 'no value is taken from a Secret or from a cluster: `--arg` gives it, or the metric is left out',
  },
  'spec.metrics': { effect: 'carried', becomes: 'a check of kind `argo` each' },
  'spec.metrics[].name': {
    effect: 'carried',
    becomes: 'the name of the check, in lower-case letters, digits and dashes',
  },
  'spec.metrics[].provider': { effect: 'carried', becomes: FOREIGN },
  'spec.metrics[].provider.*': { effect: 'carried', becomes: `${FOREIGN}: the metric is left out` },
  'spec.metrics[].provider.prometheus': { effect: 'carried', becomes: '`promql`' },
  'spec.metrics[].provider.prometheus.query': { effect: 'carried', becomes: '`promql`' },
  'spec.metrics[].provider.prometheus.rangeQuery': { effect: 'carried', becomes: 'the metric is left out' },
  ...rowsFor(
    ['address', 'insecure', 'timeout', 'authentication', 'headers'].map(
      (key) => `spec.metrics[].provider.prometheus.${key}`,
    ),
    { effect: 'differs', becomes: SOURCE },
  ),
  ...rowsFor(
    [
      ...['interval', 'initialDelay', 'count', 'successCondition', 'failureCondition', 'failureLimit'],
      ...['inconclusiveLimit', 'consecutiveErrorLimit', 'consecutiveSuccessLimit'],
    ].map((key) => `spec.metrics[].${key}`),
    { effect: 'carried', becomes: 'the option of the same name, with the same meaning' },
  ),
  'spec.dryRun': { effect: 'carried', becomes: '`onFail: warn` beside the check' },
  'spec.dryRun[].metricName': { effect: 'carried', becomes: '`onFail: warn` beside the check' },
  'spec.measurementRetention': {
    effect: 'not-needed',
    becomes: 'it has no effect here: a judge keeps counters, not measurements',
  },
}

/** What becomes of the fields of an AnalysisTemplate and of a ClusterAnalysisTemplate. */
export const TEMPLATE_FIELDS: FieldTable = {
  ...COMMON,
  'spec.templates': { effect: 'carried', becomes: 'the metrics of the templates that it names' },
  'spec.templates[].templateName': { effect: 'carried', becomes: 'the metrics of the template of this name' },
  'spec.templates[].clusterScope': { effect: 'carried', becomes: 'a ClusterAnalysisTemplate is meant' },
}

/** What becomes of the fields of an AnalysisRun: a template that somebody has filled in. */
export const RUN_FIELDS: FieldTable = {
  ...COMMON,
  'spec.terminate': {
    effect: 'not-needed',
    becomes: 'a run that was ended is imported as if it were to begin',
    when: (value) => value === true,
  },
  'spec.ttlStrategy': {
    effect: 'not-needed',
    becomes: 'Temporal keeps the history of a release as long as its namespace says',
  },
  status: { effect: 'not-needed', becomes: 'what was measured once says nothing about the next release' },
}
