import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {afterEach, beforeEach, describe, expect} from 'vitest'
import {fileSystemOf} from '../../src/image/file-system.js'
import {findGround, restingPlace} from '../../src/image/ground.js'
import {capability, itNeeds} from '../peers.js'

const SHM = '/dev/shm'
const shm = capability(
  process.platform === 'linux' && fs.existsSync(SHM) && fileSystemOf(SHM).name === 'tmpfs',
  `${SHM} is no tmpfs here`,
)
const disk = capability(!fileSystemOf(os.tmpdir()).inMemory, 'the temporary folder is in memory here')

let folders: string[] = []
beforeEach(() => {
  folders = []
})
afterEach(() => {
  for (const folder of folders) fs.rmSync(folder, {recursive: true, force: true})
})

function fileIn(parent: string): {file: string; fd: number} {
  const folder = fs.mkdtempSync(path.join(parent, 'flushpoint-ground-'))
  folders.push(folder)
  const file = path.join(folder, 'a.img')
  return {file, fd: fs.openSync(file, 'wx+')}
}

describe('what an image stands on', () => {
  itNeeds([shm], 'is memory, by name, for a file in tmpfs', () => {
    const {file, fd} = fileIn(SHM)
    try {
      expect(restingPlace(file, fd)).toEqual({volatile: 'it lies in memory (tmpfs)', directReachesDrive: false})
      expect(findGround(file, fd).ground.kind).toBe('memory')
    } finally {
      fs.closeSync(fd)
    }
  })

  itNeeds([disk], 'is no memory for a file on a disk', () => {
    const {file, fd} = fileIn(os.tmpdir())
    try {
      expect(restingPlace(file, fd).volatile).toBeUndefined()
    } finally {
      fs.closeSync(fd)
    }
  })

  itNeeds([shm], 'is told by the file system alone where the mount table is not there', () => {
    const {file, fd} = fileIn(SHM)
    try {
      const nowhere = {procfs: '/nonexistent', sysfs: '/nonexistent'}
      expect(restingPlace(file, fd, nowhere).volatile).toBe('it lies in memory (tmpfs)')
    } finally {
      fs.closeSync(fd)
    }
  })
})
