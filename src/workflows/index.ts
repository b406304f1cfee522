export { lane } from './lane.ts'
export { pipeline } from './pipeline.ts'
export { pipelineStarts } from './pipeline-starts.ts'
export { release } from './release.ts'
