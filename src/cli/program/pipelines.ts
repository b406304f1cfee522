import type { Command } from 'commander'
import { PIPELINE_VERB_NAMES, PIPELINE_VERBS, type PipelineVerb } from '../../domain/pipeline/pipeline-verbs.ts'
import {
  checkPipeline,
  commandPipeline,
  listPipelines,
  type PipelineListOptions,
  type PipelineStartOptions,
  showPipeline,
  startPipeline,
} from '../commands/pipeline.ts'
import { addValue } from './options.ts'
import type { RunInSession } from './run.ts'

/** Commands on pipelines. */
export function addPipelines(program: Command, run: RunInSession): void {
  const pipeline = program.command('pipeline').description('take one version through several targets, stage by stage')
  pipeline
    .command('check <pipeline>')
    .description('list everything that is wrong with a pipeline, a file or a name, and its plans, with line and column')
    .option('--config <sluice.yaml>', 'check against this sluice.yaml, without a server')
    .action((file: string, options: { config?: string }, command: Command) =>
      run(command, (session) => checkPipeline(file, options, session)),
    )
  pipeline
    .command('start <pipeline>')
    .description('start a pipeline: its file, or its name in sluice.yaml')
    .requiredOption('--version <version>', 'the version, or service=version for each service (repeatable)', addValue)
    .option('--reason <text>', 'reason, shown to everyone', '')
    .option('--key <key>', 'starting again with the same key returns the same pipeline')
    .option('--watch', 'follow it until it ends')
    .action((file: string, options: PipelineStartOptions, command: Command) =>
      run(command, (session) => startPipeline(file, options, session)),
    )
  pipeline
    .command('status <pipeline>')
    .description('show a pipeline, such as checkout-regions/3fa9c2d1')
    .option('--watch', 'follow it until it ends')
    .action((id: string, { watch }: { watch?: true }, command: Command) =>
      run(command, (session) => showPipeline(id, watch === true, session)),
    )
  pipeline
    .command('list')
    .description('list pipelines, newest first')
    .option('--name <name>', 'only of this name')
    .option('--phase <phase>', 'only in this phase; open means all that run, closed all that ended')
    .option('--size <count>', 'how many, at most 100')
    .option('--next <token>', 'continue after the previous page')
    .action((options: PipelineListOptions, command: Command) =>
      run(command, (session) => listPipelines(options, session)),
    )
  for (const verb of PIPELINE_VERB_NAMES) addPipelineVerb(pipeline, verb, run)
}

function addPipelineVerb(pipeline: Command, verb: PipelineVerb, run: RunInSession): void {
  const { does, meansStage } = PIPELINE_VERBS[verb]
  const command = pipeline
    .command(`${verb} <pipeline>`)
    .description(does)
    .option('--reason <text>', 'reason, shown to everyone', '')
  if (meansStage) command.option('--stage <name>', 'the stage that is meant, where several wait for an approval')
  command.action((id: string, options: { reason: string; stage?: string }, self: Command) =>
    run(self, (session) => commandPipeline(verb, id, options, session)),
  )
}
