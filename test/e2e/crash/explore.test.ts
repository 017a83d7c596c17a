import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {setImmediate as nextTurn} from 'node:timers/promises'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../../image/scene.js'
import {endOf, expectNoStack, expectRefusal, flushpoint, start, TIMEOUT_MS, type Ended} from '../cli.js'
import {inFlight, ORDERED, textFile, TWO_WRITES} from './stories.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
let story: string
let check: string
beforeEach(() => {
  scene = new Scene()
  story = textFile(scene, 'story.ndjson', ...TWO_WRITES)
  check = textFile(scene, 'check.mjs', ORDERED)
})
afterEach(() => scene.close())

function explore(...flags: string[]): Promise<Ended> {
  return flushpoint(['crash', 'explore', story, '--check', check, ...flags])
}

describe('crash explore', () => {
  it('finds the image that breaks the program, ends with 1, and names what would have prevented it', async () => {
    const {exit, stdout, stderr} = await explore('--json')
    expect({exit, stderr}).toEqual({exit: 1, stderr: ''})
    const document = JSON.parse(stdout) as {states: number; crashPoints: number; violations: {state: string}[]}
    expect(document).toMatchObject({
      schema: 'flushpoint/crash@1',
      complete: true,
      states: document.states,
      crashPoints: document.crashPoints,
      violations: [
        {
          state: document.violations[0]?.state,
          event: 5,
          kind: 'inconsistent',
          mark: null,
          lost: [{request: 1, offsetBytes: 0, lengthBytes: 512}],
          story:
            'Power cut after request #2 was issued. On the medium, or overwritten there: #2. Lost: #1 (512 at 0). ' +
            'No mark had been reached. The check finds: the second without the first',
          fix: [{insert: 'FUA', after: 1}],
        },
      ],
    })
    expect(document.violations[0]?.state).toMatch(/^5-[0-9a-z]{6}-0\.1$/)
  })

  it('tells people the same, and csv has the lost ranges', async () => {
    const {exit, stdout} = await explore()
    expect(exit).toBe(1)
    expect(stdout).toMatch(/^complete: +yes: every image was covered$/m)
    expect(stdout).toMatch(/^would prevent it: +FUA on #1; with it the check passes everywhere$/m)
    expect(stdout).toMatch(/^✗ not ok: a crash can leave an image that is broken$/m)
    expect((await explore('--format', 'csv')).stdout).toMatch(/^5-[0-9a-z]{6}-0\.1,5,inconsistent,,1,0,512$/m)
  })

  it('ends with 0 where nothing is wrong: a kill of the process, another mode, a device that keeps order', async () => {
    for (const flags of [
      ['--kind', 'process'],
      ['--cache', 'writethrough'],
      ['--device', 'fifo'],
    ]) {
      const {exit, stdout} = await explore('--json', ...flags)
      expect(exit).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({complete: true, violations: []})
    }
  })

  it('finds a broken promise where flushes do nothing', async () => {
    const {exit, stdout} = await explore('--json', '--cache', 'unsafe')
    expect(exit).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      violations: [{kind: 'inconsistent'}, {kind: 'acknowledged-lost', mark: 'told', fix: []}],
    })
  })

  it('gives the same answer twice, byte by byte', async () => {
    expect((await explore('--json')).stdout).toBe((await explore('--json')).stdout)
  })

  it('asks whether what was stable survives', async () => {
    const args = ['crash', 'explore', story, '--check', 'stable-survives', '--json']
    expect(await flushpoint(args)).toMatchObject({exit: 0})
    const unsafe = await flushpoint([...args, '--cache', 'unsafe'])
    expect(unsafe.exit).toBe(1)
    expect(JSON.parse(unsafe.stdout)).toMatchObject({violations: [{kind: 'acknowledged-lost', mark: null}]})
  })

  it('covers 2^1000 images when recovery looks at few of them', async () => {
    story = textFile(scene, 'wide.ndjson', ...inFlight(1000))
    check = textFile(scene, 'six.mjs', 'export default ({read}) => { for (let i = 0; i < 6; i++) read(i * 512, 1) }')
    const {exit, stdout} = await explore('--json')
    expect(exit).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({complete: true, states: 64})
  })

  it('never calls complete what a budget cut short, and lets no check that always fails pass', async () => {
    const {exit, stdout} = await explore('--json', '--budget', '2')
    expect({exit, ...(JSON.parse(stdout) as object)}).toMatchObject({exit: 0, complete: false, states: 2})
    expect((await explore('--budget', '2')).stdout).toMatch(/INCOMPLETE: the budget ended first/)
    check = textFile(scene, 'canary.mjs', 'export default ({fail}) => fail("always")')
    expect(await explore()).toMatchObject({exit: 1})
  })

  it('keeps what a check prints out of the document', async () => {
    check = textFile(scene, 'loud.mjs', 'console.log("loud")', 'export default () => console.log("louder")')
    const {exit, stdout, stderr} = await explore('--json')
    expect(exit).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({complete: true})
    expect(stderr).toContain('loud\n')
  })

  it('reads what was there before the trace from a base image, where the trace does not say that it knows all', async () => {
    check = textFile(
      scene,
      'base.mjs',
      'export default ({read, fail}) => { if (read(4096, 1)[0] !== 0x5a) fail("no base") }',
    )
    expect(await explore()).toMatchObject({exit: 1})
    const base = scene.file('base.img', 65_536, 0x5a)
    expect(await explore('--base', base)).toMatchObject({exit: 0, stderr: ''})
    story = textFile(
      scene,
      'whole.ndjson',
      ...TWO_WRITES.with(0, '{"trace":1,"sizeBytes":"64k","knownBefore":"whole"}'),
    )
    const note = `note: ${story} knows all that the image held before it: --base is not looked at\n`
    expect(await explore('--base', base)).toMatchObject({exit: 1, stderr: note})
  })
})

describe('crash explore refuses', () => {
  const expectRefused = (exit: number, code: string, says: string, ...flags: string[]): Promise<void> =>
    expectRefusal(scene, ['crash', 'explore', story, '--check', check, ...flags], {exit, code, says})

  it.each([
    ['touched', 'what requests changed'],
    ['listed', 'what it lists'],
  ])('a check that reads what a trace does not know that has what is %s', async (knownBefore, has) => {
    const header = `{"trace":1,"sizeBytes":"64k","knownBefore":"${knownBefore}"}`
    const lines = ['{"before":0,"lengthBytes":1024,"data":"zeroes"}', ...TWO_WRITES.slice(1)]
    story = textFile(scene, 'story.ndjson', header, ...lines)
    // What it reads is known; then, once, a byte that is not.
    expect(await explore()).toMatchObject({exit: 1})
    check = textFile(scene, 'more.mjs', 'export default ({read}) => { if (read(512, 1)[0] === 2) read(4608, 1) }')
    const says = `nobody knows what byte 4608 of the image held before the trace, which has only ${has}`
    await expectRefused(2, 'E_NO_BASE', says)
    await expectRefused(2, 'E_NO_BASE', says, '--jobs', '2')
    await expectRefused(2, 'E_NO_BASE', says, '--shard', '1/1')
    expect(await explore('--base', scene.file('base.img', 65_536, 0x5a))).toMatchObject({exit: 0, stderr: ''})
    check = 'gpt'
    await expectRefused(2, 'E_NO_BASE', 'nobody knows what byte')
  })

  it('a check that is missing, exports nothing, throws while it is loaded, or is none', async () => {
    check = scene.path('none.mjs')
    await expectRefused(3, 'E_CHECK_OPEN', 'the check cannot be opened (ENOENT)')
    check = textFile(scene, 'empty.mjs', '')
    await expectRefused(2, 'E_CHECK_EXPORT', 'has no default export')
    check = textFile(scene, 'broken.mjs', 'export default function (')
    await expectRefused(2, 'E_CHECK_LOAD', 'cannot be loaded: SyntaxError')
    check = 'toString'
    await expectRefused(2, 'E_CHECK', '--check "toString" is not a check')
  })

  it('a check that hangs, also while it is loaded, and one that ends its thread', async () => {
    check = textFile(scene, 'hangs.mjs', 'export default () => { for (;;); }')
    await expectRefused(2, 'E_CHECK_TIMEOUT', 'took longer than a second', '--timeout', '1')
    check = textFile(scene, 'stuck.mjs', 'for (;;);')
    await expectRefused(2, 'E_CHECK_TIMEOUT', 'took longer than a second', '--timeout', '1')
    check = textFile(scene, 'exits.mjs', 'export default () => process.exit(0)')
    await expectRefused(2, 'E_CHECK_ENDED', 'its thread ended with 0')
    check = textFile(scene, 'waits.mjs', 'await new Promise(() => {})', 'export default () => {}')
    await expectRefused(2, 'E_CHECK_ENDED', 'the check did not come back')
  })

  it('a check that is asynchronous or not deterministic', async () => {
    check = textFile(scene, 'async.mjs', 'export default async () => {}')
    await expectRefused(2, 'E_CHECK_ASYNC', 'the check is asynchronous')
    check = textFile(scene, 'fickle.mjs', 'let n = 0', 'export default ({read}) => { read(n++ * 512, 1) }')
    await expectRefused(2, 'E_CHECK_NOT_DETERMINISTIC', 'the check is not deterministic')
  })

  it('a trace that is missing, cut off or out of order, and a base of another size', async () => {
    const base = scene.file('base.img', 512)
    await expectRefused(2, 'E_BASE', 'has 512 bytes, and the image of the trace 65536', '--base', base)
    await expectRefused(3, 'E_TRACE_OPEN', 'cannot be opened (ENOENT)', '--base', scene.path('none.img'))
    story = textFile(scene, 'early.ndjson', '{"trace":1,"sizeBytes":512}', '{"complete":1}')
    await expectRefused(5, 'E_TRACE', 'request 1 completes and was never submitted')
    const whole = scene.path('whole.trace')
    const good = textFile(scene, 'good.ndjson', ...TWO_WRITES)
    await flushpoint(['trace', 'import', good, '--from', 'ndjson', '-o', whole])
    const bytes = readFileSync(whole)
    story = scene.path('cut.trace')
    writeFileSync(story, bytes.subarray(0, bytes.length - 3))
    await expectRefused(5, 'E_TRACE', 'reaches beyond the end of the file')
    story = scene.path('none.trace')
    await expectRefused(3, 'E_TRACE_OPEN', 'cannot be opened (ENOENT)')
  })
})

describe('SIGINT in the middle of crash explore', () => {
  let signs = 0

  /** Starts an exploration, waits until the check has left a sign, and interrupts it. */
  async function interrupted(body: string, ...flags: string[]): Promise<Ended> {
    const sign = scene.path(`sign-${signs++}`)
    const first = `if (!existsSync(${JSON.stringify(sign)})) writeFileSync(${JSON.stringify(sign)}, '')`
    story = textFile(scene, 'wide.ndjson', ...inFlight(64))
    check = textFile(
      scene,
      'long.mjs',
      "import {existsSync, writeFileSync} from 'node:fs'",
      `export default ({read}) => { ${first}; ${body} }`,
    )
    const child = start(['crash', 'explore', story, '--check', check, ...flags])
    scene.onClose(() => child.kill('SIGKILL'))
    child.stdin?.end()
    const ending = endOf(child)
    while (!existsSync(sign)) {
      if (child.exitCode !== null) throw new Error('it ended before it was interrupted')
      await nextTurn()
    }
    child.kill('SIGINT')
    return ending
  }

  it('ends it with 130 and a report that says it is not complete', async () => {
    const ended = await interrupted('read(0, 32768)', '--json')
    expect(ended).toMatchObject({exit: 130, stderr: ''})
    expect(JSON.parse(ended.stdout)).toMatchObject({schema: 'flushpoint/crash@1', complete: false, violations: []})
    expect(await interrupted('read(0, 32768)')).toMatchObject({
      exit: 130,
      stdout: expect.stringMatching(/INCOMPLETE: it was interrupted/) as unknown,
    })
  })

  it('ends it with 130 also when the check does not come back', async () => {
    const ended = await interrupted('for (;;);', '--json')
    expect(ended.exit).toBe(130)
    expect(JSON.parse(ended.stdout)).toMatchObject({error: {code: 'E_INTERRUPTED', kind: 'interrupted'}})
    expectNoStack(ended)
  })
})
