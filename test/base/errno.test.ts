import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'

import {codeOf, ERRNO, errnoName, errnoOf} from '../../src/base/index.js'

describe('an errno', () => {
  it.each([
    [5, 'EIO'],
    [28, 'ENOSPC'],
    [22, 'EINVAL'],
    [30, 'EROFS'],
  ])('%i is called %s', (number, name) => {
    expect(errnoName(number)).toBe(name)
  })

  it('with two names goes by the one in the manual pages', () => {
    expect(errnoName(ERRNO.EAGAIN)).toBe('EAGAIN')
  })

  it('this system has no name for is shown as its number', () => {
    expect(errnoName(9999)).toBe('errno 9999')
    expect(errnoName(0)).toBe('errno 0')
  })
})

describe('an error of node:fs', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'flushpoint-errno-'))
  })
  afterEach(() => {
    rmSync(folder, {recursive: true, force: true})
  })

  it('gives its errno as a positive number, and its name', () => {
    let caught: unknown
    try {
      readFileSync(path.join(folder, 'missing'))
    } catch (error) {
      caught = error
    }
    expect(errnoOf(caught)).toBe(os.constants.errno.ENOENT)
    expect(codeOf(caught)).toBe('ENOENT')
  })

  it.each([new Error('no errno'), {errno: 0}, {errno: '2'}, 'text', null, undefined])(
    'that carries no errno (%o) counts as EIO and has no name',
    (error) => {
      expect(errnoOf(error)).toBe(os.constants.errno.EIO)
      expect(codeOf(error)).toBeUndefined()
    },
  )

  it('keeps a positive errno as it is', () => {
    expect(errnoOf({errno: 28})).toBe(28)
  })
})
