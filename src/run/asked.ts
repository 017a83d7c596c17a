import fs from 'node:fs'

import {diskModelOf, DISK_MODELS, readDiskModel, type DiskModel} from '../aio/index.js'
import {codeOf, ToolError} from '../base/index.js'
import {eraOf, frontendOf, stepsOf, type Frontend} from '../frontend/index.js'
import {orderingModeOf, type OrderingMode} from '../ordering/index.js'
import type {GuestChoice} from './session.js'

/** What was asked about the guest, as text; undefined for what was not. */
export interface AskedGuest {
  readonly frontend: string | undefined
  readonly era: string | undefined
  readonly with: string | undefined
  readonly features: string | undefined
  readonly negotiate: string | undefined
  readonly directIoSafe: boolean | undefined
}

/** The device that features are for when no front end is named. */
const FEATURED = 'virtio-blk'

/**
 * The guest somebody asked for; undefined for none. Features alone are those of a virtio disk.
 *
 * @throws ToolError of kind usage for unknown names, and for what only has a meaning beside something that is missing
 */
export function guestOf(asked: AskedGuest): GuestChoice | undefined {
  const {features, negotiate, directIoSafe} = asked
  const name = asked.frontend ?? (features === undefined && negotiate === undefined ? undefined : FEATURED)
  if (name === undefined) {
    const lonely = (
      [
        ['--era', asked.era, FEATURED],
        ['--with', asked.with, `${FEATURED} --era 2009`],
        ['--direct-io-safe', directIoSafe, 'xen-blkback'],
      ] as const
    ).find(([, value]) => value !== undefined)
    if (lonely) {
      const [flag, , example] = lonely
      throw refusal(`${flag} is about a front end, and none is named`, `Add --frontend ${example}, for example.`)
    }
    return undefined
  }
  const era = eraOf(asked.era ?? 'today')
  if (asked.with !== undefined && era.name !== '2009') {
    throw refusal(
      `--with ${asked.with} needs --era 2009, not ${era.name}`,
      'Add --era 2009: the steps are those of the plan of that year.',
    )
  }
  const frontend = frontendOf(name)
  return {
    frontend,
    era,
    steps: asked.with === undefined ? [] : stepsOf(asked.with),
    features: features === undefined ? undefined : featureNames(features, frontend),
    negotiate: negotiate === undefined ? undefined : featureNames(negotiate, frontend),
    directIoSafe,
  }
}

/** Names with commas, in any case, "none" or nothing for an empty list. What is no feature stays as it was written. */
function featureNames(text: string, {vocabulary}: Frontend): string[] {
  const written = text.split(',').map((name) => name.trim())
  if (written.length === 1 && (written[0] === '' || written[0]?.toLowerCase() === 'none')) return []
  return written.map((name) => vocabulary.find((feature) => plain(feature.name) === plain(name))?.name ?? name)
}

function plain(name: string): string {
  return name.toUpperCase().replaceAll(/[\s_-]/g, ' ')
}

/** Barrier policies with commas; empty when none was asked for. @throws ToolError of kind usage */
export function orderingsOf(text: string | undefined): OrderingMode[] {
  if (text === undefined) return []
  const modes = text.split(',').map((name) => orderingModeOf(name.trim()))
  const twice = modes.find((mode, i) => modes.indexOf(mode) !== i)
  if (twice) throw refusal(`--ordering names ${twice.name} twice`, 'Name each policy once.')
  return modes
}

/** A model of a drive by its name, or from a JSON file. @throws ToolError of kind usage or format */
export function diskModelFrom(nameOrPath: string): DiskModel {
  if (DISK_MODELS.some(({name}) => name === nameOrPath)) return diskModelOf(nameOrPath)
  try {
    return readDiskModel(fs.readFileSync(nameOrPath, 'utf8'), nameOrPath)
  } catch (error) {
    if (error instanceof ToolError) throw error
    const names = DISK_MODELS.map(({name}) => name).join(', ')
    throw new ToolError(
      'usage',
      'E_DISK_MODEL',
      `--disk ${nameOrPath}: no model has this name, and the file cannot be read (${codeOf(error) ?? 'unknown error'})`,
      {
        hint: `Choose from ${names}, or name a JSON file: {"like": "ssd", "flushNs": 5000000}.`,
        context: {path: nameOrPath},
        cause: error,
      },
    )
  }
}

function refusal(message: string, hint: string): ToolError {
  return new ToolError('usage', 'E_RUN_FLAGS', message, {hint})
}
