import fs from 'node:fs'
import path from 'node:path'
import {describe, expect, it} from 'vitest'
import {CommandRunner, missingCommand, type Ended} from '../../src/crash-run/command-check-process.js'
import {folder} from './scene.js'

const LONG_MS = 60_000

async function run(text: string, more: {timeoutMs?: number; signal?: AbortSignal; env?: object} = {}): Promise<Ended> {
  const runner = new CommandRunner()
  try {
    return await runner.run(
      {file: '/bin/sh', args: ['-c', text]},
      {
        env: {...process.env, ...more.env},
        timeoutMs: more.timeoutMs ?? LONG_MS,
        signal: more.signal ?? new AbortController().signal,
      },
    )
  } finally {
    runner.close()
  }
}

function isRunning(pid: number): boolean {
  // One that has ended and that nobody has asked for yet is a zombie.
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function ends(pid: number): Promise<void> {
  await expect.poll(() => isRunning(pid), {timeout: 10_000}).toBe(false)
}

describe('a command that is run', () => {
  it('answers its status and what it said, stdout and stderr', async () => {
    expect(await run('echo out; echo err >&2; exit 3')).toMatchObject({how: 'exit', code: 3, said: 'exited with 3'})
    const {tail} = await run('echo out; echo err >&2; exit 3')
    expect(tail.split('\n').toSorted()).toEqual(['', 'err', 'out'])
  })

  it('keeps the last of a long output, and does not stop at it', async () => {
    const {code, tail} = await run('i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done')
    expect(code).toBe(0)
    expect(tail.length).toBeLessThanOrEqual(2000)
    expect(tail.endsWith('line 19999\n')).toBe(true)
  })

  it('reads nothing from the terminal', async () => {
    expect(await run('cat; echo done')).toMatchObject({code: 0, tail: 'done\n'})
  })

  it('that a signal ends says which', async () => {
    expect(await run('kill -SEGV $$')).toMatchObject({how: 'signal', said: 'was ended by SIGSEGV'})
  })

  it('that does not end is killed with all it started', async () => {
    const file = path.join(folder(), 'pid')
    const ended = await run(`sleep 1000 & echo $! > ${file}; sleep 1000`, {timeoutMs: 300})
    expect(ended).toMatchObject({how: 'timeout', said: 'did not end within 0.3 s'})
    await ends(Number(fs.readFileSync(file, 'utf8')))
  })

  it('takes along what it left running, and nobody waits for that', async () => {
    const {how, tail} = await run('sleep 1000 & echo $!')
    expect(how).toBe('exit')
    await ends(Number(tail))
  })

  it('is killed when it is cancelled, and not started when it was before', async () => {
    const controller = new AbortController()
    const file = path.join(folder(), 'pid')
    const running = run(`echo $$ > ${file}; sleep 1000`, {signal: controller.signal})
    await expect.poll(() => fs.existsSync(file) && fs.readFileSync(file, 'utf8') !== '').toBe(true)
    controller.abort()
    expect(await running).toMatchObject({how: 'cancelled'})
    await ends(Number(fs.readFileSync(file, 'utf8')))
    fs.rmSync(file)
    expect(await run(`touch ${file}`, {signal: controller.signal})).toMatchObject({how: 'cancelled'})
    expect(fs.existsSync(file)).toBe(false)
  })

  it('ends with this process', async () => {
    const before = new Set(process.listeners('exit'))
    const runner = new CommandRunner()
    const [own] = process.listeners('exit').filter((listener) => !before.has(listener))
    const {signal} = new AbortController()
    const running = runner.run({file: '/bin/sleep', args: ['1000']}, {env: process.env, timeoutMs: LONG_MS, signal})
    own?.(0)
    expect(await running).toMatchObject({how: 'signal'})
    runner.close()
    expect(process.listeners('exit')).toHaveLength(before.size)
  })

  it('that is not there, or may not be told so much, is an error of the environment', async () => {
    const runner = new CommandRunner()
    const options = {timeoutMs: LONG_MS, signal: new AbortController().signal}
    const none = runner.run({file: '/nowhere/at-all', args: []}, {...options, env: process.env})
    await expect(none).rejects.toMatchObject({kind: 'environment', code: 'E_CHECK_MISSING'})
    const much = runner.run({file: '/bin/true', args: []}, {...options, env: {MUCH: 'x'.repeat(1 << 20)}})
    await expect(much).rejects.toMatchObject({kind: 'environment', code: 'E_CHECK_START'})
    runner.close()
  })
})

describe('a command that a shell does not find', () => {
  it('is told from one that fails', async () => {
    const missing = missingCommand(await run('no-such-program-here'), 'the check')
    expect(missing).toMatchObject({kind: 'environment', code: 'E_CHECK_MISSING'})
    expect(missing?.hint).toContain('no-such-program-here')
    expect(missingCommand(await run('exit 1'), 'the check')).toBeUndefined()
  })
})
