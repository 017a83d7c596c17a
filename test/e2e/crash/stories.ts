import {writeFileSync} from 'node:fs'
import type {Scene} from '../../image/scene.js'
import {flushpoint} from '../cli.js'

/** Two writes of which a program believes that the first is there whenever the second is; then it tells its user. */
export const TWO_WRITES = [
  '{"trace":1,"sizeBytes":"64k"}',
  '{"submit":1,"request":"OUT","offsetBytes":0,"lengthBytes":512}',
  '{"complete":1}',
  '{"submit":2,"request":"OUT","offsetBytes":512,"lengthBytes":512}',
  '{"complete":2}',
  '{"submit":3,"request":"FLUSH"}',
  '{"complete":3}',
  '{"mark":"told"}',
]

/** A write of so many sectors that is never completed. */
export function inFlight(sectors: number): string[] {
  return ['{"trace":1,"sizeBytes":"1M"}', `{"submit":1,"request":"OUT","offsetBytes":0,"lengthBytes":"${sectors}s"}`]
}

/** The check of TWO_WRITES. */
export const ORDERED = `export default function check({read, reached, fail}) {
  const [first, second] = [read(0, 1)[0], read(512, 1)[0]]
  if (second === 2 && first !== 1) fail('the second without the first')
  if (reached.has('told') && second !== 2) fail('told and lost')
}`

/** A file in a scene. @returns its path */
export function textFile(scene: Scene, name: string, ...lines: readonly string[]): string {
  const path = scene.path(name)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

/** TWO_WRITES as a file, and the state in which ORDERED finds them broken. */
export async function brokenStory(scene: Scene): Promise<{readonly story: string; readonly state: string}> {
  const story = textFile(scene, 'story.ndjson', ...TWO_WRITES)
  const check = textFile(scene, 'check.mjs', ORDERED)
  const {stdout} = await flushpoint(['crash', 'explore', story, '--check', check, '--json'])
  const {violations} = JSON.parse(stdout) as {violations: {state: string}[]}
  return {story, state: violations[0]?.state ?? ''}
}
