import fs from 'node:fs'
import path from 'node:path'

import {ToolError} from '../base/index.js'

/** What somebody has allowed, and whom to ask. */
export interface Consent {
  readonly allowWrite: boolean
  /** The name of a block device, as it was given. */
  readonly deviceName: string | undefined
  /** Asks; undefined where there is nobody to ask. */
  readonly ask: (question: string) => Promise<string | undefined>
}

const YES = 'yes'

/**
 * Makes sure that somebody wants an image to be overwritten: by --allow-write or by typing yes at a terminal; for a block device by
 * --allow-write, and its name given or typed.
 *
 * @throws ToolError of kind usage without that
 */
export async function requireConsent(image: string, {allowWrite, deviceName, ask}: Consent): Promise<void> {
  if (fs.statSync(image, {throwIfNoEntry: false})?.isBlockDevice() === true) {
    await requireName(image, allowWrite, deviceName, ask)
    return
  }
  if (deviceName !== undefined)
    throw refusal(`--device-name ${deviceName}: ${image} is no block device`, 'Leave it out.')
  if (allowWrite) return
  const answer = await ask(`This overwrites what ${image} holds. Type ${YES} to go on:`)
  if (answer?.toLowerCase() === YES) return
  throw refusal(
    `this workload overwrites what ${image} holds`,
    'Add --allow-write if nothing in it is needed any more, or let bench make an image of its own: --create 1G.',
  )
}

async function requireName(
  image: string,
  allowWrite: boolean,
  deviceName: string | undefined,
  ask: Consent['ask'],
): Promise<void> {
  const name = path.basename(image)
  if (!allowWrite) {
    throw refusal(
      `this workload overwrites what the device ${image} holds`,
      `Add --allow-write --device-name ${name} if nothing on it is needed any more.`,
    )
  }
  const given = deviceName ?? (await ask(`This overwrites what the device ${image} holds. Type its name, ${name}:`))
  if (given === name || given === image) return
  const what = given === undefined ? 'and its name was not given' : `and "${given}" is not its name`
  throw refusal(
    `this workload overwrites what the device ${image} holds, ${what}`,
    `Add --device-name ${name} if nothing on it is needed any more.`,
  )
}

function refusal(message: string, hint: string): ToolError {
  return new ToolError('usage', 'E_BENCH_OVERWRITE', message, {hint})
}
