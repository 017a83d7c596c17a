import {once} from 'node:events'
import {Worker} from 'node:worker_threads'
import {afterEach, beforeEach, expect, it} from 'vitest'
import {SHARED} from '../../src/inspect/compare-task.js'
import type {CompareMessage, CompareWork} from '../../src/inspect/compare-worker.js'
import {openTarget} from '../../src/inspect/target.js'
import {Scene} from '../image/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** What the built worker says about a task. */
async function said(next: number, sizeBytes: number): Promise<CompareMessage[]> {
  const [a, b] = [openTarget(scene.file('a', 2000, 1)), openTarget(scene.file('b', 2000, 2))]
  const shared = new SharedArrayBuffer(8)
  new Int32Array(shared)[SHARED.next] = next
  const sides = [a, b].map(({source: {path, fd}}) => ({path, fd, startBytes: 0, sizeBytes, data: undefined}))
  const [sideA, sideB] = sides as [CompareWork['a'], CompareWork['b']]
  const work: CompareWork = {a: sideA, b: sideB, tasks: [{offsetBytes: 0, lengthBytes: 1}], shared}
  const worker = new Worker(new URL('../../dist/inspect/compare-worker.js', import.meta.url), {workerData: work})
  const messages: CompareMessage[] = []
  worker.on('message', (message: CompareMessage) => messages.push(message))
  await once(worker, 'exit')
  a.close()
  b.close()
  return messages
}

it('the second thread tells the differences of the tasks it takes, and that it is done', async () => {
  const range = {offsetBytes: 0, lengthBytes: 2000}
  expect(await said(0, 2000)).toEqual([{is: 'differs', task: 0, ranges: [range]}, {is: 'done'}])
})

it('the second thread takes no task that somebody else has', async () => {
  expect(await said(1, 2000)).toEqual([{is: 'done'}])
})

it('the second thread tells an error in plain values', async () => {
  expect(await said(0, 3000)).toMatchObject([{is: 'failed', error: {kind: 'io', code: 'E_SHORT_IMAGE'}}])
})
