export { lane } from './lane.ts'
export { pipeline } from './pipeline.ts'
export { release } from './release.ts'
