import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {onTestFinished} from 'vitest'

/** A folder that goes away with the test. */
export function folder(): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'flushpoint-test-'))
  onTestFinished(() => fs.rmSync(made, {recursive: true, force: true}))
  return made
}

/** A program in a folder: a script of /bin/sh. @returns its path */
export function script(where: string, name: string, ...lines: string[]): string {
  const file = path.join(where, name)
  fs.writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'), {mode: 0o755})
  return file
}

/** Lines of shell that put the first byte of a sector of the image, as a number, into a variable. */
export function firstByte(variable: string, sector: number): string {
  return `${variable}=$(od -An -tu1 -j${sector * 512} -N1 "$FLUSHPOINT_IMAGE" | tr -d ' ')`
}

/** The names in a folder. */
export function namesIn(where: string): string[] {
  return fs.readdirSync(where)
}
