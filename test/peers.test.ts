import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {capability, itNeeds, peer, root, surroundings, verdictOf} from './peers.js'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flushpoint-peers-'))
})

afterEach(() => {
  rmSync(folder, {recursive: true, force: true})
})

describe('what a test needs', () => {
  it('a program is found anywhere in PATH', () => {
    writeFileSync(join(folder, 'fio'), '')
    chmodSync(join(folder, 'fio'), 0o755)
    const around = {path: `/nowhere:${folder}`, requirePeers: false, uid: 0}
    expect(peer('fio', around)).toEqual({present: true, available: true, reason: ''})
  })

  it('a file that is not executable is not a program', () => {
    writeFileSync(join(folder, 'fio'), '')
    chmodSync(join(folder, 'fio'), 0o644)
    expect(peer('fio', {path: folder, requirePeers: false, uid: 0}).present).toBe(false)
  })

  it('a missing program is named together with its Debian package', () => {
    const missing = peer('qemu-io', {path: folder, requirePeers: false, uid: 0})
    expect(missing).toEqual({
      present: false,
      available: false,
      reason: 'qemu-io is not installed; Debian package qemu-utils',
    })
  })

  it('the sbin folders are searched even when PATH lacks them', () => {
    expect(surroundings().path.split(':')).toContain('/usr/sbin')
  })

  it('a missing program skips a test, and fails it where peers are required', () => {
    const locally = peer('strace', {path: folder, requirePeers: false, uid: 0})
    const required = peer('strace', {path: folder, requirePeers: true, uid: 0})
    expect(required.available).toBe(true)
    expect(verdictOf([locally])).toEqual({verdict: 'skip', reason: 'strace is not installed; Debian package strace'})
    expect(verdictOf([required]).verdict).toBe('fail')
  })

  it('a test for root skips for other users, and fails where peers are required', () => {
    expect(verdictOf([root({path: '', requirePeers: false, uid: 1000})])).toEqual({
      verdict: 'skip',
      reason: 'needs root; this is uid 1000',
    })
    expect(verdictOf([root({path: '', requirePeers: true, uid: 1000})]).verdict).toBe('fail')
    expect(verdictOf([root({path: '', requirePeers: true, uid: 0})]).verdict).toBe('run')
  })

  it('what no package can bring skips a test even where peers are required', () => {
    const noLoop = capability(false, 'the kernel has no loop devices')
    const noFio = peer('fio', {path: folder, requirePeers: true, uid: 0})
    expect(verdictOf([noLoop])).toEqual({verdict: 'skip', reason: 'the kernel has no loop devices'})
    expect(verdictOf([noLoop, noFio]).verdict).toBe('skip')
  })

  it('every reason of a skip is told', () => {
    const around = {path: folder, requirePeers: false, uid: 7}
    expect(verdictOf([root(around), peer('fio', around)]).reason).toBe(
      'needs root; this is uid 7; fio is not installed; Debian package fio',
    )
  })

  const ran: string[] = []
  itNeeds([capability(true, '')], 'a test whose needs are met is run', () => {
    ran.push('met')
  })
  it('a test whose needs are met has been run once', () => {
    expect(ran).toEqual(['met'])
  })
})
