import fs from 'node:fs'
import path from 'node:path'

import {ToolError, type Range} from '../base/index.js'

/** What is to be overwritten. */
export interface Overwritten {
  readonly path: string
  /** The part of it, where that is a partition, and what it is called. */
  readonly part?: Range | undefined
  readonly name?: string
}

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
export async function requireConsent(overwritten: Overwritten, {allowWrite, deviceName, ask}: Consent): Promise<void> {
  const {path: image} = overwritten
  const held = heldText(overwritten)
  if (fs.statSync(image, {throwIfNoEntry: false})?.isBlockDevice() === true) {
    await requireName(overwritten, allowWrite, deviceName, ask)
    return
  }
  if (deviceName !== undefined)
    throw refusal(`--device-name ${deviceName}: ${image} is no block device`, 'Leave it out.')
  if (allowWrite) return
  const answer = await ask(`This overwrites what ${held}. Type ${YES} to go on:`)
  if (answer?.toLowerCase() === YES) return
  throw refusal(
    `this workload overwrites what ${held}`,
    'Add --allow-write if nothing in it is needed any more, or let bench make an image of its own: --create 1G.',
  )
}

async function requireName(
  overwritten: Overwritten,
  allowWrite: boolean,
  deviceName: string | undefined,
  ask: Consent['ask'],
): Promise<void> {
  const {path: image} = overwritten
  // A link may lead to another device tomorrow: the name is that of the device itself.
  const device = fs.realpathSync(image)
  const name = path.basename(device)
  const link = path.basename(image) === name ? '' : `, which is ${device}`
  const held = `the device ${heldText(overwritten)}${link}`
  if (!allowWrite) {
    throw refusal(
      `this workload overwrites what ${held}`,
      `Add --allow-write --device-name ${name} if nothing on it is needed any more.`,
    )
  }
  const given = deviceName ?? (await ask(`This overwrites what ${held}. Type its name, ${name}:`))
  if (given !== undefined && [name, device, image].includes(given)) return
  const what = given === undefined ? 'and its name was not given' : `and "${given}" is not its name`
  throw refusal(
    `this workload overwrites what ${held}, ${what}`,
    `Add --device-name ${name} if nothing on it is needed any more.`,
  )
}

/** Of a partition also where it lies: who mistakes its number sees it there. */
function heldText({path: image, name = image, part}: Overwritten): string {
  if (part === undefined) return `${name} holds`
  return `${name} holds, bytes ${part.offsetBytes} to ${part.offsetBytes + part.lengthBytes} of ${image}`
}

function refusal(message: string, hint: string): ToolError {
  return new ToolError('usage', 'E_BENCH_OVERWRITE', message, {hint})
}
